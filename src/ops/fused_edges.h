/* The edges of a group: inputs that are cast to its dtype as they are loaded, and outputs
 * that are cast from it as they are stored. */
#ifndef EAGER_OPS_FUSED_EDGES_H
#define EAGER_OPS_FUSED_EDGES_H

#include "base/strbuf.h"
#include "ops/fused.h"

/* Whether an operand of `dtype` is one: neither the group's dtype nor bool. */
bool eager__fused_is_edge(const eager__fused *fused, eager_dtype dtype);
bool eager__fused_has_edges(const eager__fused *fused);

/* The functions of cl_kernels/fused_edges.cl, <dtype>_all, put_<dtype> and the others, for
 * the edges there are. */
void eager__fused_write_edges(const eager__fused *fused, eager__strbuf *source);

/* An expression: V lanes of the group's arithmetic, a variable's name, as they are stored
 * in `to`. */
void eager__fused_write_cast(eager_dtype from, eager_dtype to, const char *name,
                             eager__strbuf *source);

#endif
