/**
 * Writes the table of the GPU pack's files: `node scripts/gpu-pack.mjs`, after an update of node-llama-cpp or onnxruntime-node. Checksums of npm
 * packages are those of package-lock.json. ONNX Runtime's CUDA provider comes from the Python package of the same version, which is built from the
 * same commit for the same version of CUDA as llama.cpp (docs/decisions/0096-gpu-pack.md). Downloads every file, to learn its size.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Any of the Python versions: they have the same provider. */
const WHEEL = /-cp312-cp312-manylinux[^-]*_x86_64\.whl$/
/** Bytes of ONNX Runtime's libraries in the wheel, and of the copy of libonnxruntime beside them. */
const PROVIDERS = /libonnxruntime_providers_(cuda|shared)\.so$/

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const llama = packages['node_modules/node-llama-cpp'].version
const onnx = packages['node_modules/onnxruntime-node'].version
const parts = [await npmPart('linux-x64', 'linux-x64-cuda'), await npmPart('win32-x64', 'win-x64-cuda'), await wheelPart()]

const rows = parts.map((part) => {
  const fields = Object.entries(part).map(([key, value]) => `    ${key}: ${typeof value === 'string' ? `'${value}'` : grouped(value)},\n`)
  return `  {\n${fields.join('')}  },\n`
})
writeFileSync(
  new URL('../src/engine/gpu-pack/pack-table.ts', import.meta.url),
  `/** Files of the GPU pack, with their checksums. Written by scripts/gpu-pack.mjs. */\nexport const packTable = [\n${rows.join('')}] as const\n`,
)

/**
 * @param {string} system
 * @param {string} build
 */
async function npmPart(system, build) {
  const name = `@node-llama-cpp/${build}`
  const url = `https://registry.npmjs.org/${name}/-/${build}-${llama}.tgz`
  const { integrity } = packages[`node_modules/${name}`]
  const file = await fetched(url, integrity)
  return { system, use: 'language', name, version: llama, url, bytes: file.length, unpacked: gunzipSync(file).length, integrity }
}

async function wheelPart() {
  const response = await fetch('https://pypi.org/simple/onnxruntime-gpu/', { headers: { accept: 'application/vnd.pypi.simple.v1+json' } })
  const { files } = /** @type {{ files: { filename: string, url: string, hashes: { sha256: string } }[] }} */ (await response.json())
  const { url = '', hashes } = files.find(({ filename }) => filename.startsWith(`onnxruntime_gpu-${onnx}-`) && WHEEL.test(filename)) ?? {}
  const integrity = `sha256-${Buffer.from(hashes?.sha256 ?? '', 'hex').toString('base64')}`
  const file = await fetched(url, integrity)
  const library = readFileSync(new URL('../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1', import.meta.url))
  const unpacked = unpackedSize(file) + library.length
  return { system: 'linux-x64', use: 'vision', name: 'onnxruntime-gpu', version: onnx, url, bytes: file.length, unpacked, integrity }
}

/**
 * @param {string} url
 * @param {string} integrity
 */
async function fetched(url, integrity) {
  const file = Buffer.from(await (await fetch(url)).arrayBuffer())
  const [type = ''] = integrity.split('-')
  if (integrity !== `${type}-${createHash(type).update(file).digest('base64')}`)
    throw new Error(`${url} does not have the checksum ${integrity}`)
  return file
}

/**
 * Sum of the providers' sizes in the zip's directory.
 * @param {Buffer} zip
 */
function unpackedSize(zip) {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  let total = 0
  for (let at = zip.readUInt32LE(end + 16); at < end; ) {
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28))
    if (PROVIDERS.test(name)) total += zip.readUInt32LE(at + 24)
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return total
}

/** @param {number} value */
function grouped(value) {
  return value.toLocaleString('en').replaceAll(',', '_')
}
