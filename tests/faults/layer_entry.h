/* What the loader asks of a layer from OPENCL_LAYERS. Included at the end of one that has
 * said what it is called and what it begins with. */
#ifndef EAGER_TESTS_LAYER_ENTRY_H
#define EAGER_TESTS_LAYER_ENTRY_H

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value,
                                               size_t *out_size) {
  static const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
  const void *answer =
      what == CL_LAYER_NAME ? (const void *)layer_name : (const void *)&version;
  size_t needed = what == CL_LAYER_NAME ? sizeof layer_name : sizeof version;
  if (what != CL_LAYER_NAME && what != CL_LAYER_API_VERSION) return CL_INVALID_VALUE;
  if (value != NULL && size < needed) return CL_INVALID_VALUE;
  if (value != NULL) memcpy(value, answer, needed);
  if (out_size != NULL) *out_size = needed;
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint count, const cl_icd_dispatch *target,
                                            cl_uint *out_count,
                                            const cl_icd_dispatch **out) {
  if (target == NULL || out_count == NULL || out == NULL) return CL_INVALID_VALUE;
  const size_t room = sizeof ours / sizeof(void *);
  driver = target;
  memcpy(&ours, target, (count < room ? count : room) * sizeof(void *));
  begin_layer();
  *out_count = (cl_uint)room;
  *out = &ours;
  return CL_SUCCESS;
}

/* Khronos' loader looks for these since 2026, and leaves out a layer without them. */
CL_API_ENTRY cl_int CL_API_CALL clInitLayerWithProperties(cl_uint count,
                                                          const cl_icd_dispatch *target,
                                                          cl_uint *out_count,
                                                          const cl_icd_dispatch **out,
                                                          const intptr_t *properties);
CL_API_ENTRY cl_int CL_API_CALL clInitLayerWithProperties(cl_uint count,
                                                          const cl_icd_dispatch *target,
                                                          cl_uint *out_count,
                                                          const cl_icd_dispatch **out,
                                                          const intptr_t *properties) {
  (void)properties;
  return clInitLayer(count, target, out_count, out);
}

CL_API_ENTRY cl_int CL_API_CALL clDeinitLayer(void);
CL_API_ENTRY cl_int CL_API_CALL clDeinitLayer(void) {
  return CL_SUCCESS;
}

#endif
