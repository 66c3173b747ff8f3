import { expect, it } from 'vitest'
import { withoutPaths } from '../../../src/service/crash-export.ts'

const clean = (text: string, program = '/opt/tarsier') => withoutPaths(text, program, ['/home/ann', 'ann-lee'])

it.each([
  // What helps to find the fault stays.
  ['SIGSEGV', 'SIGSEGV'],
  ['llama.cpp: CUDA error 700 at 3/4 of the graph', 'llama.cpp: CUDA error 700 at 3/4 of the graph'],
  ['    at run (file:///opt/tarsier/out/cli/tarsier.js:12:3)', '    at run (<program>/out/cli/tarsier.js:12:3)'],
  ['    at node:internal/modules/cjs/loader:1408:14', '    at node:internal/modules/cjs/loader:1408:14'],
  ['/opt/tarsier/node_modules/a/b.node: undefined symbol', '<program>/node_modules/a/b.node: undefined symbol'],
  // Paths go, with what may be the rest of their names.
  ["ENOENT: no such file or directory, open '/mnt/my films/a b.txt'", "ENOENT: no such file or directory, open '<path>"],
  ['at C:\\Users\\Ann\\my clip: broken', 'at <path>'],
  ['from \\\\server\\share\\x', 'from <path>'],
  ['GET https://example.org/private?token=1 failed', 'GET <path>'],
  ['file:///home/ann/secret.js:1', '<path>'],
  ['cwd=/home/ann/x y', 'cwd=<path>'],
  ['/opt/tarsierling/secret', '<path>'],
  // So do names of clips without a path, and the user's name.
  ['[mov @ 0x1] my holiday.MP4: moov atom not found', '<a line with the name of a clip>'],
  ['../films/cat.webm', '<a line with the name of a clip>'],
  ['hello ann-lee', 'hello <me>'],
])('%j is exported as %j', (text, wanted) => {
  expect(clean(text)).toBe(wanted)
})

it('treats each line for itself, and knows the paths of Windows', () => {
  expect(clean('a /x\nb', 'C:\\Tarsier')).toBe('a <path>\nb')
  expect(clean('at C:\\Tarsier\\out\\main.js:1:2', 'C:\\Tarsier')).toBe('at <program>\\out\\main.js:1:2')
})
