/* A pcap file in, its records out: 1 MiB reads into one buffer, whole records only, microseconds, this byte order. */
#ifndef RECORDS_H
#define RECORDS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, READ_SIZE = 1 << 20, LONGEST = 1 << 18 };

struct record {
    const uint8_t *frame, *end;
    uint64_t time; /* microseconds since 1970 */
    uint32_t wire;
};

struct records {
    int file;
    size_t at, filled;
    uint8_t *buffer;
};

static inline uint32_t host32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static void records_open(struct records *r, const char *path)
{
    uint8_t header[FILE_HEADER];
    r->file = open(path, O_RDONLY);
    r->at = r->filled = 0;
    r->buffer = malloc(READ_SIZE + LONGEST);
    if (r->file < 0 || !r->buffer || read(r->file, header, sizeof header) != sizeof header ||
        host32(header) != 0xa1b2c3d4) {
        fprintf(stderr, "%s: not a pcap file of this machine's byte order\n", path);
        exit(1);
    }
}

/* Move what is left to the front and read on. */
static int records_refill(struct records *r)
{
    memmove(r->buffer, r->buffer + r->at, r->filled - r->at);
    r->filled -= r->at;
    r->at = 0;
    ssize_t got = read(r->file, r->buffer + r->filled, READ_SIZE);
    if (got <= 0)
        return 0;
    r->filled += (size_t)got;
    return 1;
}

static inline int records_next(struct records *r, struct record *record)
{
    for (;;) {
        const uint8_t *p = r->buffer + r->at;
        size_t left = r->filled - r->at;
        if (left >= RECORD_HEADER) {
            uint32_t captured = host32(p + 8);
            if (captured > LONGEST - RECORD_HEADER)
                return 0;
            if (left >= RECORD_HEADER + (size_t)captured) {
                record->time = host32(p) * 1000000ull + host32(p + 4);
                record->wire = host32(p + 12);
                record->frame = p + RECORD_HEADER;
                record->end = record->frame + captured;
                r->at += RECORD_HEADER + captured;
                return 1;
            }
        }
        if (!records_refill(r))
            return 0;
    }
}

#endif
