import { readFile } from 'node:fs/promises'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, it } from 'vitest'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { example } from '../service/run-service.ts'
import { runCli } from './run-cli.ts'

it('repeatedly killed servers leave no empty conversation', async () => {
  await using home = await ScratchFolder.make()
  const clip = await readFile(example('blue-square-spins.mp4'))
  for (let i = 0; i < 2; i += 1) {
    const created: unknown[] = []
    await runCli(['serve', '--port', '0', '--no-token', '--home', home.directory], {
      async onOutput(child, soFar) {
        const address = /http:\/\/\S+?\/(?=\s|$)/.exec(soFar)?.[0]
        if (address === undefined || created.length > 0) return
        created.push('begun')
        try {
          const { handle } = (await (await fetch(`${address}clips?name=a.mp4`, { method: 'POST', body: clip })).json()) as {
            handle: string
          }
          const call = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ json: { handle } }) }
          created.push(await (await fetch(`${address}rpc/chats/create`, call)).json())
        } finally {
          child.kill('SIGKILL')
        }
      },
    })
    expect(created[1]).toMatchObject({ json: { turns: 0 } })
  }
  const db = new DatabaseSync(home.path('library.sqlite'), { readOnly: true })
  const count = (table: string) => (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n
  expect([count('clips'), count('chats')]).toEqual([1, 0])
  db.close()
})
