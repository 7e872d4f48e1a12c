/* The name scopes of a thread: what the names of recorded nodes begin with. Each belongs to
 * the graph scope it was opened in, told by how many of those are open, or to none. */
#ifndef EAGER_RUNTIME_NAME_SCOPE_H
#define EAGER_RUNTIME_NAME_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* "outer/inner/" of the innermost scope that was opened in graph scope `depth`, or "". */
const char *eager__name_scope_prefix(size_t depth);
bool eager__name_scope_is_open(size_t depth);

/* Room for one more; then opens it. `prefix` becomes the scope's; NULL outside of graph
 * scopes, where there is nothing to name. */
eager_status eager__name_scope_reserve(void);
void eager__name_scope_push(char *prefix, size_t depth);

/* Closes the innermost. False: none was opened in graph scope `depth` above the floor. */
bool eager__name_scope_pop(size_t depth);

/* All that were opened in graph scope `depth` or further in. */
void eager__name_scope_close_depth(size_t depth);

/* Those that are open cannot be closed until the floor is lowered to what it was before;
 * which closes what was opened since. */
size_t eager__name_scope_raise_floor(void);
bool eager__name_scope_is_above_floor(void);
void eager__name_scope_lower_floor(size_t before);

/* At the end of the thread. */
void eager__name_scope_drop(void);

#endif
