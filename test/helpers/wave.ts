/** A sound file of one second: 8000 Hz, 8 bits. */
export function waveBytes(): Buffer {
  const header = Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0', 'latin1')
  header.writeUInt32LE(36 + 8000, 4)
  return Buffer.concat([header, Buffer.alloc(8000, 128)])
}
