#include "ops/band.h"

#include "ops/families.h"
#include "ops/moves.h"

eager_status eager__add_band(eager__commands *commands, const char *kernel,
                             const void *element, const eager__band *band,
                             int64_t columns) {
  const eager__call *call = commands->call;
  int64_t rows = eager__shape_elements(&call->outputs[0].shape) / columns;
  eager__kernel_begin(commands, &eager__family_diag, eager__move_dtype(call->dtype),
                      kernel);
  eager__spread spread = eager__spread_make(commands, rows, columns);
  eager__arg_output(commands, 0);
  for (int i = 0; i < call->input_count; i++) eager__arg_input(commands, i);
  if (element) eager__arg_bytes(commands, element, eager_dtype_size(call->dtype));
  eager__arg_bytes(commands, band, sizeof *band);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}
