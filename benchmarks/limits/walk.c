/* A pcap file in, its packets and bytes counted out: what reading alone costs. */
#include "records.h"

int main(int argc, char **argv)
{
    struct records records;
    struct record record;
    uint64_t packets = 0, bytes = 0;
    if (argc != 2)
        return 2;
    records_open(&records, argv[1]);
    while (records_next(&records, &record)) {
        packets++;
        bytes += record.wire;
    }
    printf("{\"packets\": %llu, \"bytes\": %llu}\n", (unsigned long long)packets, (unsigned long long)bytes);
    return 0;
}
