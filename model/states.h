/* states.h: every state machine of the program as text, for `dogshored --print-states`. */
#ifndef DOGSHORE_MODEL_STATES_H
#define DOGSHORE_MODEL_STATES_H

struct text;

void states_print(struct text *text);

#endif
