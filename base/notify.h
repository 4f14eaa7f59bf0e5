/* notify.h: tells a supervisor that asked for it (NOTIFY_SOCKET, as systemd does) what goes on. */
#ifndef DOGSHORE_BASE_NOTIFY_H
#define DOGSHORE_BASE_NOTIFY_H

/* "READY=1", "STOPPING=1". Nothing happens without a supervisor. */
void notify_supervisor(const char *state);

#endif
