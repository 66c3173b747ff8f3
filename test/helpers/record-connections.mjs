/**
 * Loaded before a program (`node --import`), and through NODE_OPTIONS before the processes that it starts: appends each attempt to reach something
 * outside of the process to the file in RECORD_CONNECTIONS, a line of JSON each. Sockets in the file system are not recorded.
 */
import { appendFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'

// As CommonJS modules, whose members can be replaced.
const require = createRequire(import.meta.url)
const net = require('node:net')
const dns = require('node:dns')
const dgram = require('node:dgram')
const { ChildProcess } = require('node:child_process')

/** @param {string} kind @param {string} target */
function record(kind, target) {
  appendFileSync(process.env.RECORD_CONNECTIONS ?? '', `${JSON.stringify({ kind, target })}\n`)
}

/**
 * @param {Record<string, any>} holder @param {string} name
 * @param {(args: any[]) => void} before
 */
function spy(holder, name, before) {
  const original = holder[name]
  holder[name] = function spied(/** @type {any[]} */ ...args) {
    before(args)
    return Reflect.apply(original, this, args)
  }
}

// TLS, HTTP and the clients of packages end here.
spy(net.Socket.prototype, 'connect', ([first, second]) => {
  // Node's own calls pass the arguments as a list.
  const [target, host] = Array.isArray(first) ? first : [first, second]
  if (typeof target === 'object') {
    if (!target.path) record('connect', target.host ?? 'localhost')
  } else if (typeof target === 'number' || /^\d+$/.test(target)) record('connect', typeof host === 'string' ? host : 'localhost')
})
for (const resolver of [dns, dns.promises])
  for (const name of Object.keys(resolver))
    if (/^(lookup|resolve|reverse)/.test(name)) spy(resolver, name, ([host]) => record('lookup', String(host)))
for (const name of ['connect', 'send', 'bind']) spy(dgram.Socket.prototype, name, (args) => record('udp', args.join(' ')))
spy(ChildProcess.prototype, 'spawn', ([{ file }]) => record('process', file))
syncBuiltinESMExports()
