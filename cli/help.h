/* help.h: what `dogshore`, `dogshore help` and --help print. */
#ifndef DOGSHORE_CLI_HELP_H
#define DOGSHORE_CLI_HELP_H

struct text;
struct verb;

void help_overview(struct text *text);
void help_verb(struct text *text, const struct verb *verb);

#endif
