/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A letter for the kind of each argument of a row, for tests that include a personality's rows and try every call. What
 * differs between them (PAD, STR) they say first.
 */
#pragma once

/* letters: n number, z size, f descriptor, d directory, p path, s text, b memory, a address, 0 nothing; 'x' a padding */
#define VOID 0
#define INCAP 0
#define SELFPID(...) 'n'
#define MAPFD(...) 'n'
#define INT(...) 'n'
#define UINT(...) 'n'
#define LONG(...) 'n'
#define ULONG(...) 'n'
#define HEX(...) 'n'
#define OCT(...) 'n'
#define OFF(...) 'n'
#define PID(...) 'n'
#define DEV(...) 'n'
#define SIG(...) 'n'
#define LSET(...) 'n'
#define SET(...) 'n'
#define ENUM(...) 'n'
#define SUB(...) 'n'
#define UID(...) 'u'
#define SIZE(...) 'z'
#define FD(...) 'f'
#define ATFD(...) 'd'
#define PATH(...) 'p'
#define ADDR(...) 'a'
#define PTR(...) 'b'
#define STRV(...) 'b'
#define IN(...) 'b'
#define OUT(...) 'b'
#define INOUT(...) 'b'
#define INV(...) 'b'
#define OUTV(...) 'b'
#define INOUTV(...) 'b'
#define INBUF(...) 'b'
#define OUTBUF(...) 'b'
#define DIRENTS(...) 'b'
#define OPTIN(...) 'b'
#define OPTOUT(...) 'b'
#define SOLEVEL(...) 'n'
#define SOOPT(...) 'n'
#define IOVIN(...) 'b'
#define IOVOUT(...) 'b'
#define SOCKIN(...) 'b'
#define SOCKOUT(...) 'b'
#define SIGSETIN(...) 'b'
#define SIGSETOUT(...) 'b'
