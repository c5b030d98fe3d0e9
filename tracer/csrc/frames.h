/* The interpreter's frames, which each version of CPython lays out in its own way.

   A frame object is made only when somebody asks for one. What is read here (the code, the instruction, the
   parameters, the caller) lies in the interpreter's own frame, so that none need be made for a recording. */
#ifndef FLASKTRACE_FRAMES_H
#define FLASKTRACE_FRAMES_H

#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE_MODULE 1
#include <Python.h>
#include <opcode.h>
#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"
#if PY_VERSION_HEX >= 0x030D0000
#include "internal/pycore_setobject.h"
#endif

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030E0000 || defined(Py_GIL_DISABLED)
#error "This engine knows CPython 3.11 to 3.13 with the GIL; elsewhere the engines in Python record."
#endif

#define HAS_MONITORING (PY_VERSION_HEX >= 0x030C0000)

typedef struct _PyInterpreterFrame Frame;

static inline PyCodeObject *
frame_code(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    return _PyFrame_GetCode(frame);
#else
    return frame->f_code;
#endif
}

/* The byte offset that the frame object's f_lasti would give. */
static inline int64_t
frame_lasti(Frame *frame)
{
    int at = _PyInterpreterFrame_LASTI(frame);
    return at < 0 ? -1 : (int64_t)at * (int64_t)sizeof(_Py_CODEUNIT);
}

/* The caller, as f_back finds it: frames that have not begun yet, and C's own, are passed over. */
static inline Frame *
frame_back(Frame *frame)
{
    frame = frame->previous;
    while (frame != NULL && _PyFrame_IsIncomplete(frame)) {
        frame = frame->previous;
    }
    return frame;
}

#if HAS_MONITORING
/* The frame of the function that the running callback is about. */
static inline Frame *
frame_now(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030D0000
    return thread->current_frame;
#else
    return thread->cframe->current_frame;
#endif
}
#endif

/* A parameter's value (borrowed), NULL where there is none; one that an inner function uses lies in a cell. */
static inline PyObject *
frame_parameter(Frame *frame, PyCodeObject *code, int position)
{
    PyObject *value = frame->localsplus[position];
    const char *kinds = PyBytes_AS_STRING(code->co_localspluskinds);
    if (value != NULL && (kinds[position] & CO_FAST_CELL) && PyCell_Check(value)) {
        value = PyCell_GET(value);
    }
    return value;
}

#endif
