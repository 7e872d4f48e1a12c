/* The disk cache: small blobs under a key, in a folder only the user can write to.
 *
 * What is loaded goes to a driver that crashes on a single flipped bit, so everything is
 * verified first, and whatever is wrong with a file, a folder or a disk means no more than
 * that nothing was found: no function here can fail. */
#ifndef EAGER_CL_CACHE_H
#define EAGER_CL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two 64-bit FNV-1a sums, of different bases and walking in opposite directions. Against
 * accidents, not against attackers: those are kept out by the folder's mode. */
typedef struct eager__digest {
  uint64_t sums[2];
} eager__digest;

eager__digest eager__digest_bytes(const void *bytes, size_t size);

/* The blob stored under exactly this key: allocated, the caller's. A damaged file is
 * removed. */
bool eager__cache_load(const char *key, void **out_data, size_t *out_size);

/* Visible to other processes whole or not at all. */
void eager__cache_store(const char *key, const void *data, size_t size);

void eager__cache_remove(const char *key);

/* --- The folder (cache_folder.c) --- */

/* Opens the folder, made where it is missing; a file descriptor, or -1 when there is no
 * cache: none configured, not ours, or writable by others. */
int eager__cache_open_folder(void);

/* Removes the least recently used files until all take at most `limit` bytes, and the
 * leftovers of writers that died. `folder` stays open. */
enum { EAGER__CACHE_LIMIT = 256 * 1024 * 1024 };
void eager__cache_trim(int folder, uint64_t limit);

/* Of files and of what is not yet one. */
#define EAGER__CACHE_SUFFIX    ".cache"
#define EAGER__CACHE_TEMPORARY "tmp."

#endif
