#include "graph/naming.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "runtime/name_scope.h"

/* --- Nodes --- */

/* Lock held. */
static bool is_taken(const eager_graph *g, const char *name, bool among_all) {
  size_t count = among_all ? g->node_count : g->named_count;
  for (size_t i = 0; i < count; i++)
    if (strcmp(g->nodes[among_all ? i : (size_t)g->named[i]]->name, name) == 0) return true;
  return false;
}

eager_status eager__name_node(const eager_graph *g, eager__node *node, const char *wanted,
                              bool *out_odd) {
  const char *prefix = eager__name_scope_prefix(eager__scope_recorder_depth());
  size_t size = strlen(prefix) + strlen(wanted) + 24, number = g->node_count;
  char *name = eager__alloc(size);
  if (!name) return eager__out_of_memory(size);
  node->name = name;
  node->scope_size = strlen(prefix);
  *out_odd = node->kind == EAGER__NODE_PLACEHOLDER;
  snprintf(name, size, "%s%s", prefix, wanted);
  if (*out_odd && !is_taken(g, name, true)) return EAGER_OK;
  for (;; *out_odd = true) {
    snprintf(name, size, "%s%s_%zu", prefix, wanted, number++);
    if (!is_taken(g, name, *out_odd)) return EAGER_OK;
  }
}

/* --- Scopes --- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* TensorFlow's rule, but that no part may be empty. What ends in "/" begins outside. */
static eager_status check_name(const char *name, bool is_outermost) {
  EAGER__REQUIRE(name, EAGER_INVALID_ARGUMENT, "eager_name_scope_begin: name is NULL");
  bool good = name[0] != '\0' && name[0] != '/';
  for (const char *c = name; *c && good; c++)
    good = is_letter(*c) || strchr("_.-", *c) || (*c == '/' && c[1] != '/');
  EAGER__REQUIRE(good, EAGER_INVALID_ARGUMENT,
                 "'%s' is not a valid name scope: it is made of A-Z a-z 0-9 _ . - and of / "
                 "between other characters",
                 name);
  is_outermost |= name[strlen(name) - 1] == '/';
  EAGER__REQUIRE(
      !is_outermost || is_letter(name[0]) || name[0] == '.', EAGER_INVALID_ARGUMENT,
      "'%s' is not a valid outermost name scope: it begins with A-Z a-z 0-9 or .", name);
  return EAGER_OK;
}

/* Lock held; NULL: not yet. */
static eager__used_name *find_used(const eager_graph *g, const char *name) {
  for (size_t i = 0; i < g->scope_count; i++)
    if (strcmp(g->scopes[i].name, name) == 0) return &g->scopes[i];
  return NULL;
}

/* Lock held. Into `name`, of `size` bytes: itself at its first use, then name_1, name_2. */
static void make_unique(const eager_graph *g, char *name, size_t size) {
  eager__used_name *used = find_used(g, name);
  size_t end = strlen(name);
  while (used && find_used(g, name)) snprintf(name + end, size - end, "_%zu", used->next++);
}

/* Makes `name` one of the graph's scopes, another one than those of its name if it is new.
 * `*spare` has `size` bytes as `name` has; NULL when it was used. */
static eager_status use_scope(eager_graph *g, bool is_new, char *name, size_t size,
                              char **spare) {
  eager__mutex_lock(&g->lock);
  eager_status status =
      eager__reserve(&g->scopes, &g->scope_capacity, g->scope_count + 1, sizeof *g->scopes);
  if (status == EAGER_OK && is_new) make_unique(g, name, size);
  if (status == EAGER_OK && !find_used(g, name)) {
    g->scopes[g->scope_count++] = (eager__used_name){strcpy(*spare, name), 1};
    *spare = NULL;
  }
  eager__mutex_unlock(&g->lock);
  return status;
}

/* "outer/dense_1/" for the second "dense" in "outer/". What ends in "/" is meant as it is.
 */
static eager_status make_prefix(eager_graph *g, const char *outer, const char *name,
                                char **out) {
  size_t length = strlen(name), size = strlen(outer) + length + 24;
  bool is_new = name[length - 1] != '/';
  char *full = eager__alloc(size), *spare = eager__alloc(size);
  eager_status status = EAGER_OK;
  if (full && spare) {
    snprintf(full, size, "%s%s", is_new ? outer : "", name);
    if (!is_new) full[length - 1] = '\0';
    status = use_scope(g, is_new, full, size, &spare);
  } else {
    status = eager__out_of_memory(size);
  }
  eager__free(spare);
  if (status != EAGER_OK) {
    eager__free(full);
    return status;
  }
  *out = strcat(full, "/");
  return EAGER_OK;
}

eager_status eager_name_scope_begin(const char *name) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  eager__recorder *recorder = eager__scope_recorder();
  size_t depth = eager__scope_recorder_depth();
  EAGER__TRY(check_name(name, !eager__name_scope_is_open(depth)));
  EAGER__TRY(eager__name_scope_reserve());
  char *prefix = NULL;
  if (recorder)
    EAGER__TRY(make_prefix((eager_graph *)recorder, eager__name_scope_prefix(depth), name,
                           &prefix));
  eager__name_scope_push(prefix, depth);
  return EAGER_OK;
}

eager_status eager_name_scope_end(void) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  bool was_open = eager__name_scope_pop(eager__scope_recorder_depth());
  EAGER__REQUIRE(was_open, EAGER_FAILED_PRECONDITION,
                 "eager_name_scope_end: no name scope is open in this thread%s",
                 eager__scope_recorder() ? "'s graph scope" : "");
  return EAGER_OK;
}
