/**
 * Size in bytes that a container declares in its header: Matroska and WebM (the segment), AVI and other RIFF. Null for other formats,
 * and for files written without a known size, such as live recordings.
 */
export function promisedBytes(head: Uint8Array): number | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (head.length >= 12 && view.getUint32(0) === 0x52494646) return riffBytes(view)
  if (head.length >= 12 && view.getUint32(0) === 0x1a45dfa3) return matroskaBytes(head)
  return null
}

/** For an AVI of several gigabytes this is only its first part, which must be complete as well. */
function riffBytes(view: DataView): number | null {
  const size = view.getUint32(4, true)
  return size === 0 || size === 0xffffffff ? null : size + 8
}

function matroskaBytes(head: Uint8Array): number | null {
  const header = variableSize(head, 4)
  if (!header?.size) return null
  const segment = header.end + header.size
  const idAt = (offset: number) => head[segment + offset]
  if (idAt(0) !== 0x18 || idAt(1) !== 0x53 || idAt(2) !== 0x80 || idAt(3) !== 0x67) return null
  const body = variableSize(head, segment + 4)
  return body?.size ? body.end + body.size : null
}

/** Parses a Matroska size of at most 8 bytes, and returns its end offset. All ones mean unknown (null). */
function variableSize(bytes: Uint8Array, at: number): { readonly size: number | null; readonly end: number } | null {
  const first = bytes[at]
  if (first === undefined || first === 0) return null
  const length = Math.clz32(first) - 23
  if (at + length > bytes.length) return null
  let size = first & ((1 << (8 - length)) - 1)
  let unknown = size === (1 << (8 - length)) - 1
  for (let i = 1; i < length; i += 1) {
    const byte = bytes[at + i] as number
    unknown &&= byte === 0xff
    size = size * 256 + byte
  }
  return { size: unknown ? null : size, end: at + length }
}
