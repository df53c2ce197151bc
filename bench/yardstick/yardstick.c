/* The least that any program must do with a capture file: a yardstick, not a product.
 *
 *   yardstick walk FILE     goes from record to record, and reads nothing else
 *   yardstick table FILE    reads Ethernet, IPv4 and TCP, also within VXLAN on UDP port 4789, and keeps packets, bytes,
 *                           last time and flags of each connection in a table of 64-byte entries
 *
 * No states, no sequence numbers, no checks beyond those against reading past the end, no expiry, no bounds. It reads
 * nanosecond pcap of this machine's byte order, through a buffer (`-m`: mapped), and prints one line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, BUFFER = 256 << 10, VXLAN_PORT = 4789 };

struct record {
    uint32_t seconds, fraction, kept, wire;
};

struct entry {
    uint32_t address[2];
    uint16_t port[2];
    uint32_t flags[2];
    uint64_t packets[2], bytes[2], last_ns;
} __attribute__((aligned(64)));

struct table {
    struct entry *entries;
    uint64_t mask, used;
};

typedef void visit(void *state, const struct record *record, const uint8_t *data);

static uint16_t two(const uint8_t *at) {
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return __builtin_bswap16(number);
}

static uint32_t four(const uint8_t *at) {
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static void grow(struct table *table);

/* The entry of a five-tuple; the side with the smaller (address, port) comes first. */
static struct entry *find(struct table *table, const uint32_t address[2], const uint16_t port[2]) {
    uint64_t low = (uint64_t)address[0] << 16 | port[0], high = (uint64_t)address[1] << 16 | port[1];
    uint64_t hash = (low ^ high * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    for (uint64_t at = hash ^ hash >> 32;; at++) {
        struct entry *entry = &table->entries[at & table->mask];
        if (entry->address[0] == address[0] && entry->address[1] == address[1] && entry->port[0] == port[0] &&
            entry->port[1] == port[1])
            return entry;
        if (entry->last_ns == 0) {
            if (table->used * 2 > table->mask) {
                grow(table);
                return find(table, address, port);
            }
            table->used++;
            memcpy(entry->address, address, sizeof entry->address);
            memcpy(entry->port, port, sizeof entry->port);
            return entry;
        }
    }
}

static void allocate(struct table *table, uint64_t size) {
    table->mask = size - 1;
    table->used = 0;
    table->entries = aligned_alloc(64, size * sizeof(struct entry));
    if (!table->entries) exit(2);
    memset(table->entries, 0, size * sizeof(struct entry));
}

static void grow(struct table *table) {
    struct table old = *table;
    allocate(table, (old.mask + 1) * 2);
    for (uint64_t at = 0; at <= old.mask; at++)
        if (old.entries[at].last_ns) *find(table, old.entries[at].address, old.entries[at].port) = old.entries[at];
    free(old.entries);
}

/* The innermost TCP segment's IP header, or none. */
static const uint8_t *inner(const uint8_t *data, const uint8_t *end, const uint8_t **tcp) {
    for (int depth = 0; depth < 2; depth++) {
        const uint8_t *ip = data + 14;
        if (ip + 20 > end || two(data + 12) != 0x0800 || ip[0] >> 4 != 4) return NULL;
        const uint8_t *next = ip + (ip[0] & 15) * 4;
        if (next + 20 > end || (two(ip + 6) & 0x1fff)) return NULL;
        if (ip[9] == 6) {
            *tcp = next;
            return ip;
        }
        if (ip[9] != 17 || two(next + 2) != VXLAN_PORT) return NULL;
        data = next + 16;
    }
    return NULL;
}

static void count(void *state, const struct record *record, const uint8_t *data) {
    const uint8_t *tcp, *ip = inner(data, data + record->kept, &tcp);
    if (!ip) return;
    uint32_t address[2] = {four(ip + 12), four(ip + 16)};
    uint16_t port[2] = {two(tcp), two(tcp + 2)};
    int side = ((uint64_t)address[0] << 16 | port[0]) > ((uint64_t)address[1] << 16 | port[1]);
    uint32_t addresses[2] = {address[side], address[!side]};
    uint16_t ports[2] = {port[side], port[!side]};
    struct entry *entry = find(state, addresses, ports);
    entry->packets[side]++;
    entry->bytes[side] += record->wire;
    entry->flags[side] |= tcp[13];
    entry->last_ns = record->seconds * 1000000000ull + record->fraction;
}

static void pass(void *state, const struct record *record, const uint8_t *data) {
    (void)data;
    *(uint64_t *)state += record->wire;
}

/* Visits the whole records of a buffer; returns how many bytes they took. */
static inline __attribute__((always_inline)) size_t records(const uint8_t *bytes, size_t size, visit *each, void *state,
                                                            uint64_t *packets) {
    size_t at = 0;
    while (at + RECORD_HEADER <= size) {
        struct record record;
        memcpy(&record, bytes + at, sizeof record);
        if (record.kept > size - at - RECORD_HEADER) break;
        each(state, &record, bytes + at + RECORD_HEADER);
        at += RECORD_HEADER + record.kept;
        ++*packets;
    }
    return at;
}

static inline __attribute__((always_inline)) uint64_t read_all(int file, visit *each, void *state) {
    uint8_t *buffer = malloc(BUFFER);
    uint64_t packets = 0;
    size_t filled = 0;
    ssize_t more;
    if (!buffer || read(file, buffer, FILE_HEADER) != FILE_HEADER) exit(2);
    while ((more = read(file, buffer + filled, BUFFER - filled)) > 0) {
        filled += (size_t)more;
        size_t done = records(buffer, filled, each, state, &packets);
        memmove(buffer, buffer + done, filled -= done);
    }
    free(buffer);
    return packets;
}

static inline __attribute__((always_inline)) uint64_t map_all(int file, visit *each, void *state) {
    struct stat about;
    uint64_t packets = 0;
    if (fstat(file, &about) || about.st_size < FILE_HEADER) exit(2);
    uint8_t *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (bytes == MAP_FAILED) exit(2);
    records(bytes + FILE_HEADER, (size_t)about.st_size - FILE_HEADER, each, state, &packets);
    return packets;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int count_of_words, char **words) {
    int is_mapped = count_of_words == 4 && !strcmp(words[1], "-m");
    if (count_of_words != 3 + is_mapped) {
        fputs("usage: yardstick [-m] walk|table FILE\n", stderr);
        return 1;
    }
    int is_walk = !strcmp(words[1 + is_mapped], "walk"), file = open(words[2 + is_mapped], O_RDONLY);
    if (file < 0) {
        perror(words[2 + is_mapped]);
        return 1;
    }
    struct table table;
    uint64_t bytes = 0, packets;
    double began = now();
    allocate(&table, 1 << 16);
    if (is_walk) packets = is_mapped ? map_all(file, pass, &bytes) : read_all(file, pass, &bytes);
    else packets = is_mapped ? map_all(file, count, &table) : read_all(file, count, &table);
    double seconds = now() - began;
    printf("packets=%llu connections=%llu seconds=%.3f rate=%.0f\n", (unsigned long long)packets,
           (unsigned long long)table.used, seconds, (double)packets / seconds);
    return 0;
}
