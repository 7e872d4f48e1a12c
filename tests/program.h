/* Runs the programs built beside the tests, each in a process and a folder of its own. */
#ifndef EAGER_TESTS_PROGRAM_H
#define EAGER_TESTS_PROGRAM_H

#include <stddef.h>

typedef struct program_result {
  int status;      /* of exit; 128 + n after signal n; a program may take `seconds` */
  char *out, *err; /* all of it; until the test ends */
} program_result;

/* `words` are the program's name in the build folder and its arguments, up to a NULL. The
 * current folder is program_folder(). Skips the test where the program was not built. */
program_result program_run(int seconds, const char *const *words);

/* An empty folder for one test. */
void program_folder_make(void);
const char *program_folder(void);
/* "FOLDER/NAME"; until the test ends. */
const char *program_path(const char *name);
/* What the folder holds. */
size_t program_file_count(void);
void program_file_write(const char *name, const void *bytes, size_t size);
void program_folder_remove(void);

/* A file of the source tree, and its size. */
const unsigned char *program_source_file(const char *name, size_t *out_size);

#endif
