/* Whole files, plain or gzipped. */
#ifndef DIGITS_FILE_H
#define DIGITS_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the file, unpacked if it is gzipped. On success *out_bytes is the caller's, to
   free(); a zero byte follows the last one. On failure complains and returns false. */
bool file_read(const char *path, unsigned char **out_bytes, size_t *out_size);

bool file_is_folder(const char *path);

/* A path the caller frees: "folder/name". NULL if there is no memory. */
char *file_join(const char *folder, const char *name);

#endif
