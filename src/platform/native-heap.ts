import koffi from 'koffi'

/** Parameters of glibc's `mallopt`. */
const TRIM_THRESHOLD = -1
const MMAP_THRESHOLD = -3
/** Bytes from which on memory is the system's again as soon as it is freed. */
const LASTING_BYTES = 2 ** 20
/** The same while large pictures come and go, the most that glibc itself would come to: asking the system for each costs 40 % of decoding at 1920×1080. */
const PASSING_BYTES = 2 ** 25

interface Glibc {
  readonly set: (parameter: number, value: number) => number
  readonly trim: (keep: number) => number
}

let glibc: Glibc | null | undefined
let passing = 0

/**
 * Has large buffers (weights, KV, sessions) go back to the system when they are freed. By itself glibc keeps more and more of them in the heaps of
 * threads, where other threads cannot use them (docs/decisions/0034-native-heap.md). Other systems need none of it. Does nothing the second time.
 */
export function returnLargeBuffers(): void {
  glibc ??= openGlibc()
}

/** Has large buffers used again instead, until what is returned is disposed. For decoding. */
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

/** Gives back what is free in the heaps. To be called when much was freed, as after a model. */
export function trimHeap(): void {
  glibc?.trim(0)
}

function openGlibc(): Glibc | null {
  if (process.platform !== 'linux') return null
  try {
    const library = koffi.load(null)
    const set = library.func('mallopt', 'int', ['int', 'int'])
    set(MMAP_THRESHOLD, LASTING_BYTES)
    // Setting the one ends glibc's own choice of the other: twice as much as the largest buffer that is used again.
    set(TRIM_THRESHOLD, 2 * PASSING_BYTES)
    return { set, trim: library.func('malloc_trim', 'int', ['size_t']) }
  } catch {
    return null // another C library, such as musl, which has neither
  }
}
