#include "runtime/npy_elements.h"

#include "base/alloc.h"
#include "base/dtype.h"
#include "eagercl/tensor.h"
#include "runtime/scope.h"
#include "tensor/pool.h"

eager_status eager__npy_from_tensor(const eager_tensor *t, eager__strbuf *header,
                                    void **out_data, size_t *out_size) {
  eager__runtime *runtime;
  *out_data = NULL;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  *out_size = eager_tensor_byte_size(t);
  *out_data = eager__alloc(*out_size + 1);
  if (!*out_data) return eager__out_of_memory(*out_size);
  EAGER__TRY(eager_tensor_to_host(t, *out_data, *out_size));
  return eager__npy_write_header(t->dtype, &t->shape, header);
}

eager_status eager__npy_choose_dtype(const char *what, const char *load_as,
                                     eager_dtype dtype, eager__npy_header *header) {
  if (dtype == EAGER_DTYPE_INVALID) {
    EAGER__REQUIRE(header->dtype != EAGER_BFLOAT16, EAGER_UNIMPLEMENTED,
                   "%s: elements of dtype V2 may be anything of 2 bytes; say what they "
                   "are: %s, EAGER_BFLOAT16, ...)",
                   what, load_as);
    return EAGER_OK;
  }
  size_t size = eager_dtype_size(header->dtype);
  EAGER__REQUIRE(eager_dtype_size(dtype) == size, EAGER_INVALID_ARGUMENT,
                 "%s: cannot read elements of %zu bytes as %s, which has %zu", what, size,
                 eager_dtype_name(dtype), eager_dtype_size(dtype));
  header->dtype = dtype;
  return EAGER_OK;
}

size_t eager__npy_data_size(const eager__npy_header *header) {
  return (size_t)eager__shape_elements(&header->shape) * eager_dtype_size(header->dtype);
}

eager_status eager__npy_check_room(const char *what, uint64_t size) {
  eager__runtime *runtime;
  eager__device *device;
  eager_memory_info memory;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__TRY(eager__scope_open(runtime, NULL, &device));
  eager__pool_info(device, &memory);
  uint64_t most = device->info.max_allocation;
  if (memory.limit < most) most = memory.limit;
  EAGER__REQUIRE(size <= most, EAGER_RESOURCE_EXHAUSTED,
                 "%s: %llu bytes are more than %s can hold, %llu bytes", what,
                 (unsigned long long)size, device->short_name, (unsigned long long)most);
  return EAGER_OK;
}

/* Row-major and in native order; *data may be another block afterwards. */
static eager_status normalize(const eager__npy_header *header, void **data) {
  if (!header->fortran_order && !eager__npy_is_foreign(header)) return EAGER_OK;
  size_t size = eager__npy_data_size(header);
  void *normal = eager__alloc(size + 1);
  if (!normal) return eager__out_of_memory(size);
  eager__npy_normalize(header, *data, normal);
  eager__free(*data);
  *data = normal;
  return EAGER_OK;
}

eager_status eager__npy_to_tensor(const eager__npy_header *header, void *data,
                                  eager_tensor **out) {
  eager_status status = normalize(header, &data);
  if (status == EAGER_OK)
    status = eager_tensor_from_host(header->dtype, header->shape.rank, header->shape.dims,
                                    data, out);
  eager__free(data);
  return status;
}
