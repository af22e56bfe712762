"""Finding the plan of a line: its owner is asked once for each shape."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy, memset

cimport cython

from pipeline.wire.kernel.json_write cimport put_bytes
from pipeline.wire.kernel.line_members cimport BOOLEAN, DIGITS, EMPTY, INTEGER, LIST, MAP, NONE, REAL, TEXT

from pipeline.wire.kernel.unusual import Unusual

_KINDS = {
    TEXT: "text", EMPTY: "empty", DIGITS: "digits", INTEGER: "integer", REAL: "real", BOOLEAN: "boolean", MAP: "map", LIST: "list"
}


@cython.final
cdef class Route:
    """A plan, by index of the names; unusable where there is none."""

    def __dealloc__(self):
        free(self.keys.data)

    cdef int follow(self, plan, tuple names) except -1:
        cdef int index
        indices = {name: index for index, name in enumerate(names)}
        indices[""] = NONE
        self.usable = True
        self.time, self.level, self.body = indices[plan.time], indices[plan.level], indices[plan.body]
        self.trace_id, self.span_id, self.flags = indices[plan.trace_id], indices[plan.span_id], indices[plan.flags]
        self.scope = indices[plan.scope]
        self.bad_ids = plan.bad_ids
        self.severity, self.severities = plan.severity, {}
        memset(self.kept, 1, sizeof(self.kept))
        for index in (self.time, self.level, self.body, self.trace_id, self.span_id, self.flags, self.scope):
            if index >= 0:
                self.kept[index] = False
        self.resource_count = self.place(self.resource, plan.resource, indices)
        self.attribute_count = self.place(self.attributes, plan.attributes, indices)
        self.has_service = any(each.attribute == "service.name" for each in plan.resource)
        return 0

    cdef int place(self, Place* into, given, dict indices) except -1:
        cdef bytes key
        cdef int count = 0
        if len(given) > MOST_PLACED:
            self.usable = False
            return 0
        for each in given:
            key = each.attribute.encode()
            into[count] = Place(self.keys.size, PyBytes_GET_SIZE(key), indices[each.member], each.integer)
            put_bytes(&self.keys, PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))
            self.kept[into[count].member] = False
            count += 1
        return count


@cython.final
cdef class Routes:
    """The plans that were asked for."""

    def __init__(self, table):
        self.names = KnownNames(table.names)
        self.plan = table.plan
        self.utc = table.utc
        self.formats = []
        self.forget()

    cdef int forget(self) except -1:
        self.missed = 0
        self.routes = []
        memset(self.shapes, 0xFF, sizeof(self.shapes))
        return 0

    cdef Route route(self, const uint8_t* shape, uint32_t hash):
        """Return the route of a shape; `Unusual` where too many others are known."""
        cdef uint32_t slot = hash & (SHAPES - 1)
        cdef Route route
        while self.shapes[slot] >= 0:
            route = <Route>self.routes[self.shapes[slot]]
            if memcmp(route.shape, shape, MOST_KNOWN) == 0:
                return route
            slot = (slot + 1) & (SHAPES - 1)
        if len(self.routes) >= MOST_SHAPES:
            self.missed += 1
            if self.missed < MOST_MISSED:
                raise Unusual
            self.forget()
        route = Route()
        memcpy(route.shape, shape, MOST_KNOWN)
        plan = self.plan(tuple([(name, _KINDS[shape[index]]) for index, name in enumerate(self.names.names) if shape[index]]))
        if plan is not None:
            route.follow(plan, self.names.names)
            if plan.format not in self.formats:
                if len(self.formats) == MOST_SHAPES:
                    raise Unusual
                self.formats.append(plan.format)
            route.format = self.formats.index(plan.format)
        # Another thread may have been here while the owner was asked: the slot has to be looked for again.
        slot = hash & (SHAPES - 1)
        while self.shapes[slot] >= 0:
            slot = (slot + 1) & (SHAPES - 1)
        self.shapes[slot] = len(self.routes)
        self.routes.append(route)
        return route
