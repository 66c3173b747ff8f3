/** Requests that one server works on at the same time. Kept apart from the client of servers, which takes long to load. */
export const DEFAULT_PER_SERVER = 8
