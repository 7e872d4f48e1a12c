/* Programs whose text a user wrote: families made while the process runs. */
#ifndef EAGER_CL_USER_PROGRAM_H
#define EAGER_CL_USER_PROGRAM_H

#include "cl/program.h"

typedef struct eager__user_source {
  const char *written; /* by the user: an error shows it by line */
  const char *options; /* for the compiler, beside the library's; "" for none */
  int inputs;          /* of an expression; else 0 */
  /* Makes the text behind the family's files out of the rest. NULL: what is written is the
   * whole program, with no defines, no prelude, no files. */
  void (*write)(const struct eager__user_source *source, eager__strbuf *text);
  const void *of;   /* for `write`, which `written` tells all of; borrowed */
  bool is_library;  /* made by an op, not written by a user: a refusal is INTERNAL */
  const char *text; /* made by eager__user_family */
} eager__user_source;

/* The one family that is as `wanted` and `source` say: strings are compared by value and
 * copied, the text is made once. Like the programs built of it, it lives until shutdown. */
eager_status eager__user_family(const eager__family *wanted,
                                const eager__user_source *source,
                                const eager__family **out);

/* Kernels of such families, known by a text that tells all about them. */
bool eager__made_kernel_find(const char *text, const eager__family **out_family,
                             const char **out_name);
/* Under a text that has one already, that stays. `name` is static. RESOURCE_EXHAUSTED. */
eager_status eager__made_kernel_keep(const char *text, const eager__family *family,
                                     const char *name);

/* The kernel's name as text that lives as long as the process: tensors still held after
 * shutdown name the op they come from. */
eager_status eager__user_kernel_name(const char *name, const char **out);

/* Appends `text` with the number of each line before it. A long text: what stands near the
 * lines that the compiler's `log` names ("source:12:3: error"), or its beginning. */
void eager__write_numbered(const char *text, const char *log, eager__strbuf *out);

/* Once no device is open. */
void eager__user_programs_close(void);

#endif
