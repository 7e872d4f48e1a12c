#include "cl/facts.h"

#include <stdio.h>
#include <string.h>

#include <CL/cl.h>
#include <CL/cl_ext.h>

#include "base/alloc.h"
#include "cl/error.h"

void eager__texts_free(eager__texts *texts) {
  for (size_t i = 0; i < texts->count; i++) eager__free(texts->items[i]);
  eager__free(texts->items);
  *texts = (eager__texts){0};
}

/* Room for one text of `size` bytes, zeroed. */
static eager_status add_text(eager__texts *texts, size_t size, char **out) {
  EAGER__TRY(eager__reserve(&texts->items, &texts->capacity, texts->count + 1,
                            sizeof *texts->items));
  *out = eager__alloc(size);
  if (*out == NULL) return eager__out_of_memory(size);
  texts->items[texts->count++] = *out;
  return EAGER_OK;
}

static void refuse(eager__strbuf *reason, const char *call, const char *what, int code) {
  eager__strbuf_format(reason, "%s(%s) failed: %s (%d)", call, what,
                       eager__cl_error_name(code), code);
}

/* --- Platforms. --- */

typedef struct text_query {
  cl_uint what;
  const char *name;
  const char **out;
} text_query;

static eager_status query_platform_text(cl_platform_id platform, const text_query *query,
                                        eager__texts *texts, eager__strbuf *reason) {
  size_t size = 0;
  cl_int code = clGetPlatformInfo(platform, query->what, 0, NULL, &size);
  char *text = NULL;
  if (code == CL_SUCCESS) {
    EAGER__TRY(add_text(texts, size + 1, &text));
    code = clGetPlatformInfo(platform, query->what, size, text, NULL);
  }
  if (code == CL_SUCCESS)
    *query->out = text;
  else
    refuse(reason, "clGetPlatformInfo", query->name, code);
  return EAGER_OK;
}

/* "OpenCL 3.0 PoCL": 0.0 when it does not read so. */
static void parse_version(const char *text, int *major, int *minor) {
  if (sscanf(text, "OpenCL %d.%d", major, minor) != 2) *major = *minor = 0;
}

eager_status eager__facts_of_platform(eager__cl_platform *platform, eager__texts *texts,
                                      eager__facts *facts, eager__strbuf *reason) {
  const text_query queries[] = {
      {CL_PLATFORM_NAME, "CL_PLATFORM_NAME", &facts->platform},
      {CL_PLATFORM_VENDOR, "CL_PLATFORM_VENDOR", &facts->platform_vendor},
      {CL_PLATFORM_VERSION, "CL_PLATFORM_VERSION", &facts->platform_version},
  };
  for (size_t i = 0; i < sizeof queries / sizeof queries[0] && reason->size == 0; i++)
    EAGER__TRY(query_platform_text(platform, &queries[i], texts, reason));
  if (reason->size == 0)
    parse_version(facts->platform_version, &facts->platform_major, &facts->platform_minor);
  return EAGER_OK;
}

/* --- Devices. --- */

static eager_status query_device_text(cl_device_id device, const text_query *query,
                                      eager__texts *texts, eager__strbuf *reason) {
  size_t size = 0;
  cl_int code = clGetDeviceInfo(device, query->what, 0, NULL, &size);
  char *text = NULL;
  if (code == CL_SUCCESS) {
    EAGER__TRY(add_text(texts, size + 1, &text));
    code = clGetDeviceInfo(device, query->what, size, text, NULL);
  }
  if (code != CL_SUCCESS) {
    refuse(reason, "clGetDeviceInfo", query->name, code);
    return EAGER_OK;
  }
  /* Some drivers pad a name with blanks on either side. */
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == ' ') text[--length] = '\0';
  *query->out = text + strspn(text, " ");
  return EAGER_OK;
}

static eager_status query_texts(cl_device_id device, eager__texts *texts,
                                eager__facts *facts, eager__strbuf *reason) {
  const text_query queries[] = {
      {CL_DEVICE_NAME, "CL_DEVICE_NAME", &facts->device},
      {CL_DEVICE_VENDOR, "CL_DEVICE_VENDOR", &facts->vendor},
      {CL_DRIVER_VERSION, "CL_DRIVER_VERSION", &facts->driver_version},
      {CL_DEVICE_VERSION, "CL_DEVICE_VERSION", &facts->device_version},
      {CL_DEVICE_EXTENSIONS, "CL_DEVICE_EXTENSIONS", &facts->extensions},
  };
  for (size_t i = 0; i < sizeof queries / sizeof queries[0] && reason->size == 0; i++)
    EAGER__TRY(query_device_text(device, &queries[i], texts, reason));
  return EAGER_OK;
}

/* A device being asked, and what it refused first. */
typedef struct asked {
  cl_device_id device;
  eager__strbuf *reason;
} asked;

/* False: it does not know the question, or refuses. A driver may lack an answer; one that
 * fails to give it says nothing about the device, which is left out then. */
static bool ask(const asked *of, cl_device_info what, size_t size, void *out) {
  cl_int code = clGetDeviceInfo(of->device, what, size, out, NULL);
  if (code != CL_SUCCESS && code != CL_INVALID_VALUE && of->reason->size == 0)
    eager__strbuf_format(of->reason, "clGetDeviceInfo(0x%x) failed: %s (%d)",
                         (unsigned)what, eager__cl_error_name(code), (int)code);
  return code == CL_SUCCESS;
}

static uint32_t query_uint(const asked *of, cl_device_info what) {
  cl_uint value = 0;
  return ask(of, what, sizeof value, &value) ? value : 0;
}

static uint64_t query_ulong(const asked *of, cl_device_info what) {
  cl_ulong value = 0;
  return ask(of, what, sizeof value, &value) ? value : 0;
}

static uint32_t query_size(const asked *of, cl_device_info what) {
  size_t value = 0;
  if (!ask(of, what, sizeof value, &value)) return 0;
  return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* Whole words only: cl_khr_fp16 is not cl_khr_fp16_storage. */
static bool has_extension(const eager__facts *facts, const char *name) {
  size_t length = strlen(name);
  const char *at = facts->extensions;
  while ((at = strstr(at, name)) != NULL) {
    bool begins = at == facts->extensions || at[-1] == ' ';
    if (begins && (at[length] == ' ' || at[length] == '\0')) return true;
    at += length;
  }
  return false;
}

static void query_numbers(const asked *of, eager__facts *facts) {
  cl_ulong type = query_ulong(of, CL_DEVICE_TYPE);
  facts->is_cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
  facts->is_gpu = (type & CL_DEVICE_TYPE_GPU) != 0;
  facts->is_accelerator = (type & CL_DEVICE_TYPE_ACCELERATOR) != 0;
  facts->global_memory = query_ulong(of, CL_DEVICE_GLOBAL_MEM_SIZE);
  facts->max_allocation = query_ulong(of, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  facts->local_memory = query_ulong(of, CL_DEVICE_LOCAL_MEM_SIZE);
  facts->global_cache = query_ulong(of, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE);
  facts->compute_units = query_uint(of, CL_DEVICE_MAX_COMPUTE_UNITS);
  facts->max_work_group_size = query_size(of, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  facts->native_float_width = query_uint(of, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  facts->address_bits = query_uint(of, CL_DEVICE_ADDRESS_BITS);
  facts->base_align = query_uint(of, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
  facts->unified_memory = query_uint(of, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
  facts->local_memory_is_global = query_uint(of, CL_DEVICE_LOCAL_MEM_TYPE) == CL_GLOBAL;
  facts->has_float64 = has_extension(facts, "cl_khr_fp64") &&
                       query_ulong(of, CL_DEVICE_DOUBLE_FP_CONFIG) != 0;
  facts->has_float16_arithmetic = has_extension(facts, "cl_khr_fp16");
  facts->compiler_available = query_uint(of, CL_DEVICE_COMPILER_AVAILABLE) != 0;
  facts->keeps_denormals =
      (query_ulong(of, CL_DEVICE_SINGLE_FP_CONFIG) & CL_FP_DENORM) != 0;
}

/* --- Which piece of hardware it is: no obstacle where it is not told. Codes of extensions
 * as their specifications give them: older headers lack some. --- */

enum {
  PCI_BUS_INFO_KHR = 0x410F,
  PCI_BUS_ID_NV = 0x4008,
  PCI_SLOT_ID_NV = 0x4009,
  PCI_DOMAIN_ID_NV = 0x400A,
  TOPOLOGY_AMD = 0x4037,
  TOPOLOGY_TYPE_PCIE_AMD = 1,
  DEVICE_UUID_KHR = 0x106A,
};

static bool set_pci(eager__facts *facts, uint32_t domain, uint32_t bus, uint32_t device,
                    uint32_t function) {
  facts->has_pci = true;
  facts->pci_domain = domain;
  facts->pci_bus = bus;
  facts->pci_device = device;
  facts->pci_function = function;
  return true;
}

static bool query_pci_khr(cl_device_id device, eager__facts *facts) {
  cl_uint pci[4]; /* domain, bus, device, function */
  if (!has_extension(facts, "cl_khr_pci_bus_info")) return false;
  if (clGetDeviceInfo(device, PCI_BUS_INFO_KHR, sizeof pci, pci, NULL) != CL_SUCCESS)
    return false;
  return set_pci(facts, pci[0], pci[1], pci[2], pci[3]);
}

static bool query_pci_nv(cl_device_id device, eager__facts *facts) {
  cl_uint bus, slot, domain;
  if (!has_extension(facts, "cl_nv_device_attribute_query")) return false;
  if (clGetDeviceInfo(device, PCI_BUS_ID_NV, sizeof bus, &bus, NULL) != CL_SUCCESS ||
      clGetDeviceInfo(device, PCI_SLOT_ID_NV, sizeof slot, &slot, NULL) != CL_SUCCESS)
    return false;
  /* The slot packs device and function as PCI does; the domain came with later drivers. */
  if (clGetDeviceInfo(device, PCI_DOMAIN_ID_NV, sizeof domain, &domain, NULL) != CL_SUCCESS)
    domain = 0;
  return set_pci(facts, domain, bus, slot >> 3, slot & 7);
}

static bool query_pci_amd(cl_device_id device, eager__facts *facts) {
  /* cl_device_topology_amd: the type, 17 unused bytes, bus, device, function. */
  unsigned char topology[24];
  cl_uint type;
  if (!has_extension(facts, "cl_amd_device_attribute_query")) return false;
  if (clGetDeviceInfo(device, TOPOLOGY_AMD, sizeof topology, topology, NULL) != CL_SUCCESS)
    return false;
  memcpy(&type, topology, sizeof type);
  if (type != TOPOLOGY_TYPE_PCIE_AMD) return false;
  return set_pci(facts, 0, topology[21], topology[22], topology[23]);
}

static void query_identity(cl_device_id device, eager__facts *facts) {
  if (!query_pci_khr(device, facts) && !query_pci_nv(device, facts))
    query_pci_amd(device, facts);
  facts->has_uuid = has_extension(facts, "cl_khr_device_uuid") &&
                    clGetDeviceInfo(device, DEVICE_UUID_KHR, sizeof facts->uuid,
                                    facts->uuid, NULL) == CL_SUCCESS;
}

/* --- Whether it can serve. --- */

static void judge(const asked *of, const eager__facts *facts) {
  eager__strbuf *reason = of->reason;
  bool old_platform = facts->platform_major * 100 + facts->platform_minor < 102;
  bool is_available = query_uint(of, CL_DEVICE_AVAILABLE) != 0;
  if (reason->size != 0) return; /* it refused an answer */
  if (!is_available)
    eager__strbuf_add(reason, "not available");
  else if (!facts->compiler_available)
    eager__strbuf_add(reason, "no compiler");
  else if (old_platform || facts->device_major * 100 + facts->device_minor < 102)
    eager__strbuf_format(reason, "%s, but OpenCL 1.2 is needed",
                         old_platform ? facts->platform_version : facts->device_version);
  else if (facts->global_memory == 0 || facts->max_allocation == 0 ||
           facts->max_work_group_size == 0 || facts->compute_units == 0)
    eager__strbuf_add(reason, "reports no memory or no compute units");
}

eager_status eager__facts_of_device(eager__cl_device *device, eager__texts *texts,
                                    eager__facts *facts, eager__strbuf *reason) {
  EAGER__TRY(query_texts(device, texts, facts, reason));
  if (reason->size != 0) return EAGER_OK;
  parse_version(facts->device_version, &facts->device_major, &facts->device_minor);
  const asked of = {device, reason};
  query_numbers(&of, facts);
  query_identity(device, facts);
  judge(&of, facts);
  return EAGER_OK;
}
