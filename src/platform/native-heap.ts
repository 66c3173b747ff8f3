import koffi from 'koffi'

/** Parameters of glibc's `mallopt`. */
const TRIM_THRESHOLD = -1
const MMAP_THRESHOLD = -3
/** Allocations of at least this many bytes are returned to the system when freed. */
const LASTING_BYTES = 2 ** 20
/**
 * The same threshold during decoding, the largest that glibc would choose itself: allocating each frame from the system costs 40 % of decoding
 * at 1920×1080.
 */
const PASSING_BYTES = 2 ** 25

interface Glibc {
  readonly set: (parameter: number, value: number) => number
  readonly trim: (keep: number) => number
}

let glibc: Glibc | null | undefined
let passing = 0

/**
 * Makes glibc return large buffers (weights, KV caches, sessions) to the system when they are freed. By default, glibc keeps more and more of
 * them in per-thread heaps, where other threads cannot use them (docs/decisions/0034-native-heap.md). Not needed on other systems. Further calls
 * have no effect.
 */
export function returnLargeBuffers(): void {
  glibc ??= openGlibc()
}

/** Makes glibc reuse large buffers until the result is disposed. For decoding. */
export function reuseLargeBuffers(): Disposable {
  passing += 1
  glibc?.set(MMAP_THRESHOLD, PASSING_BYTES)
  return {
    [Symbol.dispose]: () => {
      passing -= 1
      if (passing === 0) glibc?.set(MMAP_THRESHOLD, LASTING_BYTES)
    },
  }
}

/** Returns free heap memory to the system. Call it after large amounts were freed, for example a model. */
export function trimHeap(): void {
  glibc?.trim(0)
}

function openGlibc(): Glibc | null {
  if (process.platform !== 'linux') return null
  try {
    const library = koffi.load(null)
    const set = library.func('mallopt', 'int', ['int', 'int'])
    set(MMAP_THRESHOLD, LASTING_BYTES)
    // Setting MMAP_THRESHOLD disables glibc's dynamic TRIM_THRESHOLD, so set it as glibc would: to twice the largest reused buffer.
    set(TRIM_THRESHOLD, 2 * PASSING_BYTES)
    return { set, trim: library.func('malloc_trim', 'int', ['size_t']) }
  } catch {
    return null // another C library, such as musl, without these functions
  }
}
