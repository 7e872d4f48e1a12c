/* All ops by name. The list itself is generated from CMake's eager_add_op lines. */
#ifndef EAGER_OPS_REGISTRY_H
#define EAGER_OPS_REGISTRY_H

#include "runtime/op_record.h"

/* The record of raw op `name`, or NULL. Any thread. */
const eager__op *eager__registry_find(const char *name);
int eager__registry_count(void);
/* In alphabetical order of names. */
const eager__op *eager__registry_get(int index);

/* Every op file's list, generated. */
extern const eager__op_list *const eager__op_lists[];
extern const int eager__op_list_count;

#endif
