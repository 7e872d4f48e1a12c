/* The steps of a group as a function in OpenCL C, for any kernel that has the inputs. */
#ifndef EAGER_OPS_FUSED_VALUES_H
#define EAGER_OPS_FUSED_VALUES_H

#include "base/strbuf.h"
#include "cl/program.h"
#include "ops/fused.h"
#include "runtime/commands.h"

/* Adds the files that the steps' expressions need behind words.cl. */
void eager__fused_add_files(const eager__fused *fused, eager__family *family);

/* `values(p, i0, i1, ..., fused_values *out)`: V lanes of each input, vectors of AV or, of
 * bools, masks of MV; the outputs are out->o0, out->o1 ... Those of other dtypes than the
 * group's are, as inputs, cast to it; as outputs, V of what is stored. `p`, where any step
 * has a parameter: a fused_parameters. */
void eager__fused_write_values(const eager__fused *fused, eager__strbuf *source);
/* `values_apart`: the same, called where devices call functions. Behind it. */
void eager__fused_write_apart(const eager__fused *fused, eager__strbuf *source);

int eager__fused_parameter_count(const eager__fused *fused);
/* The kernel argument fused_parameters, if there are any. */
void eager__fused_add_parameters(const eager__fused *fused, eager__commands *commands);

/* Begins what a program has once, up to "#endif\n". */
void eager__fused_write_once(const char *what, const char *name, eager__strbuf *source);

eager_dtype eager__fused_operand_dtype(const eager__fused *fused, int operand);
bool eager__fused_is_bool(const eager__fused *fused, int operand);
/* Of an operand of other dtype than a step that is cast and stored: "MV" or "AV". */
const char *eager__fused_value_type(const eager__fused *fused, int operand);

#endif
