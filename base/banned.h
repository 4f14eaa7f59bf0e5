/* banned.h: forced into every file (-include, after git's banned.h). A banned call does not
 * compile. The one file that owns such a function defines DOGSHORE_OWNS_<GROUP> by its build file
 * (see dogshore_owns() in cmake/Dogshore.cmake). The system headers come first, so that only our
 * own calls meet the macros. */
#ifndef DOGSHORE_BASE_BANNED_H
#define DOGSHORE_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BANNED(name) sorry_##name##_is_banned

/* Time comes from base/clock.h, so that tests and the simulator own it. */
#ifndef DOGSHORE_OWNS_TIME
#define time(...) BANNED(time)
#define clock_gettime(...) BANNED(clock_gettime)
#define gettimeofday(...) BANNED(gettimeofday)
#define localtime(...) BANNED(localtime)
#endif

/* Wait for an event instead. */
#define sleep(...) BANNED(sleep)
#define usleep(...) BANNED(usleep)
#ifndef DOGSHORE_OWNS_TIME
#define nanosleep(...) BANNED(nanosleep)
#endif

/* Chance comes from base/rng.h or base/crypto.h. */
#define rand(...) BANNED(rand)
#define srand(...) BANNED(srand)
#define random(...) BANNED(random)

/* Unbounded or not thread-safe. */
#define strcpy(...) BANNED(strcpy)
#define strcat(...) BANNED(strcat)
#define sprintf(...) BANNED(sprintf)
#define vsprintf(...) BANNED(vsprintf)
#define strtok(...) BANNED(strtok)
#define asctime(...) BANNED(asctime)
#define ctime(...) BANNED(ctime)
#define gmtime(...) BANNED(gmtime)
#define atoi(...) BANNED(atoi)

#endif
