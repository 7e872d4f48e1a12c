#include "cl/platform.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <CL/cl.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/sync.h"
#include "cl/error.h"
#include "cl/facts.h"

/* A machine being looked at: what it will own, and what its lists have room for. */
typedef struct survey {
  eager__machine machine;
  eager__texts texts;
  size_t device_capacity, skipped_capacity;
} survey;

static void discard(survey *found) {
  eager__machine *machine = &found->machine;
  for (int i = 0; i < machine->skipped_count; i++) eager__free(machine->skipped[i]);
  eager__free(machine->skipped);
  eager__free(machine->devices);
  eager__texts_free(&found->texts);
}

/* Takes the text of `reason` over. */
static eager_status skip(survey *found, eager__strbuf *reason) {
  eager__machine *machine = &found->machine;
  char *text = eager__strbuf_take(reason);
  if (text == NULL) return eager__out_of_memory(1);
  eager_status status =
      eager__reserve(&machine->skipped, &found->skipped_capacity,
                     (size_t)machine->skipped_count + 1, sizeof *machine->skipped);
  if (status == EAGER_OK)
    machine->skipped[machine->skipped_count++] = text;
  else
    eager__free(text);
  return status;
}

/* A reason that could not be written down is no reason: nothing is skipped for it. */
static eager_status check_written(const eager__strbuf *reason) {
  return reason->failed ? eager__out_of_memory(reason->size + 1) : EAGER_OK;
}

static eager_status skip_platform(survey *found, const eager__facts *facts,
                                  const char *why) {
  eager__strbuf reason = {0};
  if (facts->platform != NULL)
    eager__strbuf_format(&reason, "platform %s: %s", facts->platform, why);
  else
    eager__strbuf_format(&reason, "platform #%d: %s", facts->platform_index, why);
  return skip(found, &reason);
}

static eager_status skip_device(survey *found, const eager__facts *facts, const char *why) {
  eager__strbuf reason = {0};
  if (facts->device != NULL)
    eager__strbuf_format(&reason, "device %s/%s: %s", facts->platform, facts->device, why);
  else
    eager__strbuf_format(&reason, "device %s/#%d: %s", facts->platform, facts->device_index,
                         why);
  return skip(found, &reason);
}

static eager_status survey_device(survey *found, const eager__facts *platform_facts,
                                  cl_platform_id platform, cl_device_id id, int index) {
  eager__machine *machine = &found->machine;
  eager__facts facts = *platform_facts;
  facts.device_index = index;
  eager__strbuf reason = {0};
  eager_status status = eager__facts_of_device(id, &found->texts, &facts, &reason);
  if (status == EAGER_OK) status = check_written(&reason);
  bool serves = reason.size == 0;
  if (status == EAGER_OK && !serves)
    status = skip_device(found, &facts, eager__strbuf_text(&reason));
  eager__strbuf_free(&reason);
  if (status != EAGER_OK || !serves) return status;
  EAGER__TRY(eager__reserve(&machine->devices, &found->device_capacity,
                            (size_t)machine->device_count + 1, sizeof *machine->devices));
  eager__physical *device = &machine->devices[machine->device_count++];
  *device =
      (eager__physical){.facts = facts, .platform = platform, .id = id, .duplicate_of = -1};
  eager__traits_from_facts(&facts, &device->traits);
  return EAGER_OK;
}

static eager_status survey_devices(survey *found, const eager__facts *facts,
                                   cl_platform_id platform) {
  /* All types at once: a device that claims several would come once for each. */
  cl_uint count = 0;
  cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
  cl_device_id *ids = NULL;
  if (code == CL_SUCCESS && count > 0) {
    cl_uint room = count; /* one may have gone meanwhile */
    ids = eager__alloc(room * sizeof *ids);
    if (ids == NULL) return eager__out_of_memory(room * sizeof *ids);
    code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, room, ids, &count);
    if (count > room) count = room;
  }
  if (code == CL_DEVICE_NOT_FOUND || (code == CL_SUCCESS && count == 0)) {
    eager__free(ids);
    return skip_platform(found, facts, "no devices");
  }
  eager_status status = EAGER_OK;
  if (code != CL_SUCCESS) {
    eager__strbuf why = {0};
    eager__strbuf_format(&why, "clGetDeviceIDs failed: %s (%d)", eager__cl_error_name(code),
                         (int)code);
    status = check_written(&why);
    if (status == EAGER_OK) status = skip_platform(found, facts, eager__strbuf_text(&why));
    eager__strbuf_free(&why);
    count = 0;
  }
  for (cl_uint i = 0; i < count && status == EAGER_OK; i++)
    status = survey_device(found, facts, platform, ids[i], (int)i);
  eager__free(ids);
  return status;
}

static eager_status survey_platform(survey *found, cl_platform_id platform, int index) {
  eager__facts facts = {.platform_index = index};
  eager__strbuf reason = {0};
  eager_status status = eager__facts_of_platform(platform, &found->texts, &facts, &reason);
  if (status == EAGER_OK) status = check_written(&reason);
  if (status == EAGER_OK && reason.size != 0)
    status = skip_platform(found, &facts, eager__strbuf_text(&reason));
  else if (status == EAGER_OK)
    status = survey_devices(found, &facts, platform);
  eager__strbuf_free(&reason);
  return status;
}

/* ocl-icd lists a library twice that two .icd files name. */
static cl_uint drop_repeated(cl_platform_id *ids, cl_uint count) {
  cl_uint kept = 0;
  for (cl_uint i = 0; i < count; i++) {
    cl_uint before = 0;
    while (before < kept && ids[before] != ids[i]) before++;
    if (before == kept) ids[kept++] = ids[i];
  }
  return kept;
}

/* No platform at all is -1001 from the loaders, and their count is then undefined. */
static eager_status skip_all(survey *found, cl_int code) {
  enum { PLATFORM_NOT_FOUND_KHR = -1001 };
  eager__strbuf reason = {0};
  if (code == CL_SUCCESS || code == PLATFORM_NOT_FOUND_KHR)
    eager__strbuf_add(&reason, "no OpenCL platform is installed");
  else
    eager__strbuf_format(&reason, "clGetPlatformIDs failed: %s (%d)",
                         eager__cl_error_name(code), (int)code);
  return skip(found, &reason);
}

static eager_status survey_machine(survey *found) {
  cl_uint count = 0;
  cl_int code = clGetPlatformIDs(0, NULL, &count);
  if (code != CL_SUCCESS || count == 0) return skip_all(found, code);
  cl_platform_id *ids = eager__alloc(count * sizeof *ids);
  if (ids == NULL) return eager__out_of_memory(count * sizeof *ids);
  cl_uint room = count; /* one may have gone meanwhile */
  code = clGetPlatformIDs(room, ids, &count);
  if (count > room) count = room;
  count = code == CL_SUCCESS ? drop_repeated(ids, count) : 0;
  eager_status status = count > 0 ? EAGER_OK : skip_all(found, code);
  found->machine.platform_count = (int)count;
  for (cl_uint i = 0; i < count && status == EAGER_OK; i++)
    status = survey_platform(found, ids[i], (int)i);
  eager__free(ids);
  if (status != EAGER_OK) return status;
  return eager__name_devices(found->machine.devices, found->machine.device_count,
                             &found->machine.listed_count);
}

/* --- Once per process. --- */

static eager__mutex machine_lock = EAGER__MUTEX_STATIC(EAGER__RANK_CONTEXT);
static survey *_Atomic the_survey; /* never freed: infos are valid for the process */

static eager_status look(survey **out) {
  survey *fresh = eager__alloc(sizeof *fresh);
  if (fresh == NULL) return eager__out_of_memory(sizeof *fresh);
  eager_status status = survey_machine(fresh);
  if (status != EAGER_OK) {
    discard(fresh);
    eager__free(fresh);
    return status;
  }
  *out = fresh;
  return EAGER_OK;
}

eager_status eager__machine_get(const eager__machine **out) {
  *out = NULL;
  if (eager__is_forked()) return eager__fork_refuse();
  survey *known = atomic_load_explicit(&the_survey, memory_order_acquire);
  eager_status status = EAGER_OK;
  if (known == NULL) {
    eager__mutex_lock(&machine_lock);
    known = atomic_load_explicit(&the_survey, memory_order_relaxed);
    eager__fork_watch();
    if (known == NULL) status = look(&known);
    if (status == EAGER_OK) atomic_store_explicit(&the_survey, known, memory_order_release);
    eager__mutex_unlock(&machine_lock);
  }
  if (status == EAGER_OK) *out = &known->machine;
  return status;
}
