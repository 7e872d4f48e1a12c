#include "ops/families.h"

#include "base/dtype.h"

const eager__family eager__family_cast = {.name = "cast", .files = {"cast"}};
const eager__family eager__family_rows = {
    .name = "rows", .files = {"reduce", "reduce_group", "arg", "softmax"}};
const eager__family eager__family_array = {
    .name = "array",
    .files = {"moves", "transpose", "concat", "gather", "one_hot", "fill"}};
const eager__family eager__family_gemm = {.name = "gemm", .files = {"matmul"}};
const eager__family eager__family_range = {.name = "range", .files = {"range"}};
const eager__family eager__family_random = {.name = "random", .files = {"random"}};

enum {
  MOVED = EAGER__BIT(EAGER_UINT8) | EAGER__BIT(EAGER_UINT16) | EAGER__BIT(EAGER_UINT32) |
          EAGER__BIT(EAGER_UINT64),
};

const eager__family_row eager__families[] = {
    {&eager__family_elementwise, EAGER__ANY}, {&eager__family_cast, EAGER__ANY},
    {&eager__family_rows, EAGER__ANY},        {&eager__family_array, MOVED},
    {&eager__family_gemm, EAGER__NUMBERS},    {&eager__family_range, EAGER__NUMBERS},
    {&eager__family_random, EAGER__FLOATS},
};
const int eager__family_count = sizeof eager__families / sizeof *eager__families;

eager_dtype eager__move_dtype(eager_dtype dtype) {
  switch (eager_dtype_size(dtype)) {
  case 1:
    return EAGER_UINT8;
  case 2:
    return EAGER_UINT16;
  case 4:
    return EAGER_UINT32;
  default:
    return EAGER_UINT64;
  }
}
