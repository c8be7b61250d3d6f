/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The library that dl.c opens.
 */
int told(const char *what);
int part_bump(void);
int part_global = 42;
static __thread int count = 0;
static __thread char big[20000] = "thread-local, and not small";

int part_bump(void) { return big[0] == 't' ? ++count : -1; }
static void __attribute__((constructor)) begin(void) { told("the library begins"); }
static void __attribute__((destructor)) end(void) { told("the library ends"); }
