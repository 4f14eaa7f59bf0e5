/* spec.h: what the agent tells a shim to run. A file of NUL-terminated "key=value" records in any
 * order; `argument` and `environment` repeat, in order. Read by the shim, written by the agent.
 *
 *     replica=web-1f          attempt=2
 *     argument=./serve        argument=--port        argument=20114
 *     environment=PORT=20114  environment=PATH=/usr/local/bin:/usr/bin:/bin
 *     working_dir=/srv/web    log=/var/lib/dogshore/…/log    log_bytes=10485760
 *     stop_signal=15          boot_id=…
 */
#ifndef DOGSHORE_SHIM_SPEC_H
#define DOGSHORE_SHIM_SPEC_H

/* Names of the files in an attempt's folder. */
#define SHIM_SPEC_FILE "spec"
#define SHIM_LOCK_FILE "lock"
#define SHIM_PID_FILE "pid"
#define SHIM_EXIT_FILE "exit"

/* The shim's descriptor for the notice: closed once `pid` was written. */
enum { SHIM_NOTICE_FD = 3 };

/* pid: "shim=412\nshim_start=99120\nchild=413\nchild_start=99121\nboot_id=…\n", the start times in
 * clock ticks since boot (field 22 of /proc/<pid>/stat). Written once the child was executed.
 * exit: "end=exited\ncode=3\n", "end=signalled\nsignal=9\n",
 *       "end=unrunnable\nerrno=2\nwhat=exec\n" (what: exec, interpreter, chdir),
 *       "end=not_forked\nerrno=11\nwhat=fork\n" (what: fork, also where `pid` could not be
 *       written; or, for want of memory, the above),
 *       "end=lost\n": written by the agent that found neither lock nor exit. */

#endif
