/* A pcap file in, its flows counted out: what a flow table costs when it does nothing else.
 *
 * Ethernet, 802.1Q and 802.1ad, IPv4, IPv6 with extension headers, TCP, UDP. Both directions share one row, whose
 * counters, times and TCP flags are kept as a flow exporter keeps them. No names, no output but the totals. */
#include "records.h"

enum { VLAN = 0x8100, QINQ = 0x88a8, IPV4 = 0x0800, IPV6 = 0x86dd, TCP = 6, UDP = 17 };
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

struct key {
    uint64_t low[2], high[2]; /* the smaller address and port come first */
    uint64_t rest;            /* ports, protocol, VLAN */
};

struct flow {
    struct key key;
    uint64_t first, last, bytes[2];
    uint32_t packets[2];
    uint8_t flags[2], initiator;
};

struct packet {
    uint64_t address[2][2];
    uint16_t port[2], vlan;
    uint8_t protocol, flags, version;
};

struct table {
    uint32_t *slots; /* 1 + row, 0 is free */
    struct flow *flows;
    uint64_t size, count;
};

static inline uint16_t net16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint64_t net64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return __builtin_bswap64(value);
}

static inline uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 32;
}

static inline uint64_t hash_of(const struct key *key)
{
    uint64_t hash = mix(key->low[0], key->low[1]);
    return mix(mix(mix(hash, key->high[0]), key->high[1]), key->rest);
}

static void table_resize(struct table *t, uint64_t size)
{
    free(t->slots);
    t->size = size;
    t->slots = calloc(size, sizeof *t->slots);
    t->flows = realloc(t->flows, size / 2 * sizeof *t->flows);
    if (!t->slots || !t->flows)
        exit(1);
    for (uint64_t row = 0; row < t->count; row++) {
        uint64_t slot = hash_of(&t->flows[row].key) & (size - 1);
        while (t->slots[slot])
            slot = (slot + 1) & (size - 1);
        t->slots[slot] = (uint32_t)row + 1;
    }
}

static inline struct flow *table_find(struct table *t, const struct key *key, uint64_t time, int direction)
{
    if (t->count == t->size / 2)
        table_resize(t, t->size * 2);
    uint64_t slot = hash_of(key) & (t->size - 1);
    for (; t->slots[slot]; slot = (slot + 1) & (t->size - 1)) {
        struct flow *flow = &t->flows[t->slots[slot] - 1];
        if (!memcmp(&flow->key, key, sizeof *key))
            return flow;
    }
    t->slots[slot] = (uint32_t)++t->count;
    struct flow *flow = &t->flows[t->count - 1];
    *flow = (struct flow){.key = *key, .first = time, .initiator = (uint8_t)direction};
    return flow;
}

/* Return where the transport header begins, or NULL. */
static inline const uint8_t *read_ipv4(const uint8_t *p, const uint8_t *end, struct packet *packet)
{
    if (p + 20 > end)
        return NULL;
    const uint8_t *next = p + (p[0] & 15) * 4;
    packet->protocol = net16(p + 6) & 0x1fff ? 0xff : p[9];
    packet->address[0][0] = packet->address[1][0] = 0;
    packet->address[0][1] = (uint64_t)net16(p + 12) << 16 | net16(p + 14);
    packet->address[1][1] = (uint64_t)net16(p + 16) << 16 | net16(p + 18);
    return next >= p + 20 && next <= end ? next : NULL;
}

static inline const uint8_t *read_ipv6(const uint8_t *p, const uint8_t *end, struct packet *packet)
{
    if (p + 40 > end)
        return NULL;
    uint8_t protocol = p[6];
    for (int part = 0; part < 2; part++) {
        packet->address[0][part] = net64(p + 8 + 8 * part);
        packet->address[1][part] = net64(p + 24 + 8 * part);
    }
    for (p += 40; protocol == HOP_BY_HOP || protocol == ROUTING || protocol == FRAGMENT || protocol == DESTINATION;) {
        if (p + 8 > end)
            return NULL;
        uint8_t next = p[0];
        p += protocol == FRAGMENT ? 8 : (p[1] + 1) * 8;
        protocol = next;
    }
    packet->protocol = protocol;
    return p <= end ? p : NULL;
}

static inline int read_packet(const struct record *record, struct packet *packet)
{
    const uint8_t *p = record->frame + 12, *end = record->end;
    packet->vlan = packet->port[0] = packet->port[1] = packet->flags = 0;
    while (p + 4 <= end && (net16(p) == VLAN || net16(p) == QINQ)) {
        packet->vlan = net16(p + 2) & 0xfff;
        p += 4;
    }
    if (p + 2 > end)
        return 0;
    packet->version = net16(p) == IPV4 ? 4 : net16(p) == IPV6 ? 6 : 0;
    if (!packet->version)
        return 0;
    p = packet->version == 4 ? read_ipv4(p + 2, end, packet) : read_ipv6(p + 2, end, packet);
    if (!p)
        return 0;
    if ((packet->protocol == TCP && p + 20 <= end) || (packet->protocol == UDP && p + 8 <= end)) {
        packet->port[0] = net16(p);
        packet->port[1] = net16(p + 2);
        packet->flags = packet->protocol == TCP ? p[13] : 0;
    }
    return 1;
}

/* Return the direction: 1 if the packet's source is the larger end. */
static inline int key_of(const struct packet *packet, struct key *key)
{
    const uint64_t *from = packet->address[0], *to = packet->address[1];
    int larger = from[0] != to[0]   ? from[0] > to[0]
                 : from[1] != to[1] ? from[1] > to[1]
                                    : packet->port[0] > packet->port[1];
    memcpy(key->low, packet->address[larger], sizeof key->low);
    memcpy(key->high, packet->address[!larger], sizeof key->high);
    key->rest = (uint64_t)packet->port[larger] << 48 | (uint64_t)packet->port[!larger] << 32 |
                (uint64_t)packet->protocol << 16 | packet->vlan;
    return larger;
}

int main(int argc, char **argv)
{
    struct records records;
    struct record record;
    struct packet packet;
    struct table table = {0};
    uint64_t packets = 0, set_aside = 0;
    if (argc != 2)
        return 2;
    table_resize(&table, 1 << 17);
    records_open(&records, argv[1]);
    while (records_next(&records, &record)) {
        struct key key;
        packets++;
        if (!read_packet(&record, &packet)) {
            set_aside++;
            continue;
        }
        int direction = key_of(&packet, &key);
        struct flow *flow = table_find(&table, &key, record.time, direction);
        flow->last = record.time;
        flow->bytes[direction] += record.wire;
        flow->packets[direction]++;
        flow->flags[direction] |= packet.flags;
    }
    printf("{\"packets\": %llu, \"set_aside\": %llu, \"flows\": %llu}\n", (unsigned long long)packets,
           (unsigned long long)set_aside, (unsigned long long)table.count);
    return 0;
}
