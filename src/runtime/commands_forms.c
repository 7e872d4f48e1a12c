/* Forms of inputs in a command list: found, or made on the way. */
#include "runtime/commands.h"

int eager__input_form(eager__commands *commands, const eager__spot *source,
                      eager__form_key *key, size_t size, bool *out_make) {
  *out_make = false;
  if (commands->recording) return -1;
  if (commands->status != EAGER_OK || source->place != EAGER__PLACE_INPUT) return -1;
  if (commands->form_count == EAGER__MAX_FORMS) return -1;
  const eager__operand *operand = &commands->call->inputs[source->index];
  key->offset = operand->offset + source->offset;
  eager__buffer *bytes = eager__form_find(operand->buffer, key);
  /* CLBlast may run in place of what would fill a new one. */
  if (!bytes && !commands->open_gemm) {
    bytes = eager__form_make(operand->buffer, key, size, commands->origin);
    *out_make = bytes != NULL;
  }
  if (!bytes) return -1;
  int number = commands->form_count++;
  commands->forms[number] = bytes;
  commands->made_of[number] = *out_make ? operand->buffer : NULL;
  return number;
}

void eager__commands_drop_forms(eager__commands *commands) {
  for (int i = 0; i < commands->form_count; i++) {
    if (commands->made_of[i]) eager__form_abandon(commands->made_of[i], commands->forms[i]);
    eager__buffer_release(commands->forms[i]);
  }
  commands->form_count = 0;
}

void eager__commands_forms_made(eager__commands *commands) {
  for (int i = 0; i < commands->form_count; i++) {
    if (commands->made_of[i]) eager__form_made(commands->made_of[i], commands->forms[i]);
    commands->made_of[i] = NULL;
  }
}
