import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type PrepareEvent, prepareAnnotations } from '../../../src/bench/prepare.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { runCli } from './run-cli.ts'

const CLIP = fileURLToPath(new URL('../../fixtures/media/420.mp4', import.meta.url))

const one = (vid: number, file = '<placeholder>') =>
  `{"idx": ${vid}.0, "dataset": "MSVD-Caption-test", "text": {"prompt": "<video> Say <placeholder>.", "response": ["a ball"]}, "video_file": "${file}", "vid": ${vid}, "score": 1e400}`
const two = (vid: string, file = '<placeholder>') =>
  `{"messages":[{"role":"user","content":[{"type":"video","video":{"video_file":"${file}"}},{"type":"text","text":"What?"}]},{"role":"assistant","content":[{"type":"text","text":"","reference":"A"}]}],"dataset":"TVBench/Count","idx":"${vid}","vid":"${vid}"}`

/** Writes annotations of these lines and a folder `videos` with these clips. */
async function folderOf(lines: readonly string[], clips: readonly string[]) {
  const scratch = await ScratchFolder.make()
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const videos = scratch.path('videos')
  for (const clip of clips) {
    await mkdir(dirname(join(videos, clip)), { recursive: true })
    await copyFile(CLIP, join(videos, clip))
  }
  await scratch.write('in.jsonl', lines.join('\n'))
  const prepare = (...options: string[]) =>
    runCli(['bench', 'prepare', '--annotations', 'in.jsonl', '--videos', 'videos', '-o', 'out.jsonl', ...options], {
      cwd: scratch.directory,
    })
  return { scratch, videos, prepare, written: () => readFile(scratch.path('out.jsonl'), 'utf8') }
}

describe('bench prepare', () => {
  it('fills in the clips of both annotation forms and changes nothing else', async () => {
    const { videos, prepare, written } = await folderOf([one(1), two('count/a.avi'), one(3, CLIP)], ['1.mp4', 'TVBench/count/a.avi'])
    expect(await prepare()).toEqual({ code: 0, stdout: 'out.jsonl: 3 lines; 3 clips\n', stderr: '' })
    expect(await written()).toBe(
      [one(1, join(videos, '1.mp4')), two('count/a.avi', join(videos, 'TVBench/count/a.avi')), one(3, CLIP), ''].join('\n'),
    )
  })

  it('finds the files of Video-MME by the names in the annotation', async () => {
    const line = (vid: string, extra: object, file = '<placeholder>') =>
      `{"idx":${Number(vid)},"dataset":"Video-MME","text":{"prompt":"USER: <video>\\nWhich? ASSISTANT: Answer: (","response":"C"},"video_file":"${file}","extra_info":${JSON.stringify({ duration: 'short', vid, ...extra })},"vid":"${vid}"}`
    const named = [{ videoID: 'fFjv93ACGo8' }, { url: 'https://www.youtube.com/watch?v=N1cdUjctpG8' }] as const
    const { videos, prepare, written } = await folderOf(
      [line('001', named[0]), line('002', named[1]), line('003', {})],
      ['data/fFjv93ACGo8.mp4', 'data/N1cdUjctpG8.mp4'],
    )
    const { code, stdout, stderr } = await prepare()
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'out.jsonl: 3 lines, 1 of them without a clip; 2 clips\n' })
    expect(stderr).toMatch(/^tarsier: in\.jsonl:3: The video "003" was not found [^\n]*\n$/)
    expect((await written()).split('\n').slice(0, 3)).toEqual([
      line('001', named[0], join(videos, 'data/fFjv93ACGo8.mp4')),
      line('002', named[1], join(videos, 'data/N1cdUjctpG8.mp4')),
      line('003', {}),
    ])
  })

  it('reports missing, broken and unreadable clips and writes the rest', async () => {
    const { scratch, videos, prepare, written } = await folderOf([one(1), '{oops', one(1), one(2), two('7'), two('8'), one(9)], ['1.mp4'])
    await writeFile(join(videos, '2.mp4'), 'no clip')
    await scratch.write('in.jsonl', `${await readFile(scratch.path('in.jsonl'), 'utf8')}\n${one(7).replace('7.0', '17')}`)
    const { code, stdout, stderr } = await prepare()
    expect(code).toBe(1)
    expect(stdout).toBe('out.jsonl: 6 lines, 4 of them without a clip; 2 clips, 1 of them cannot be opened; invalid lines omitted: 2\n')
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/in\.jsonl:2: not JSON: .*\[bench-damaged\]$/),
      expect.stringMatching(/in\.jsonl:3: "MSVD-Caption-test-1" occurs twice, first at in\.jsonl:1; .*\[bench-damaged\]$/),
      expect.stringMatching(/in\.jsonl:5: The video "7" was not found .*\[file-missing\]$/),
      expect.stringMatching(/in\.jsonl:6: The video "8" was not found .*\[file-missing\]$/),
      expect.stringMatching(/in\.jsonl:7: The video "9" was not found .*\[file-missing\]$/),
      expect.stringMatching(/in\.jsonl:8: The video "7" was not found .*\[file-missing\]$/),
      expect.stringMatching(/2\.mp4 is not a readable video or picture .*\[not-media\]$/),
    ])
    const lines = (await written()).split('\n')
    expect(lines[0]).toBe(one(1, join(videos, '1.mp4')))
    expect(lines[1]).toBe(one(2, join(videos, '2.mp4')))
    expect(lines.slice(2, 5)).toEqual([two('7'), two('8'), one(9)])
  })

  it('reports a missing clip once for all lines that need it', async () => {
    const asked = Array.from({ length: 3 }, (_, i) => one(5).replace('"idx": 5.0', `"idx": ${i}`))
    const { prepare } = await folderOf(asked, ['1.mp4'])
    const { code, stderr } = await prepare()
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tarsier: in\.jsonl:1 and 2 more: The video "5" was not found [^\n]*\n$/)
  })

  it('overwrites a file only with --overwrite, also in place', async () => {
    const { scratch, videos, prepare, written } = await folderOf([one(1)], ['1.mp4'])
    await scratch.write('out.jsonl', 'mine')
    expect(await prepare()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--overwrite') })
    expect(await written()).toBe('mine')
    expect(await prepare('--overwrite', '-o', 'in.jsonl')).toMatchObject({ code: 0 })
    expect(await readFile(scratch.path('in.jsonl'), 'utf8')).toBe(`${one(1, join(videos, '1.mp4'))}\n`)
  })

  it('rejects missing annotations and a missing folder of videos', async () => {
    const { scratch, prepare } = await folderOf([one(1)], ['1.mp4'])
    expect(await prepare('--videos', 'none')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/none does not exist\..*\[file-missing\]/),
    })
    expect(await prepare('--annotations', 'none')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/none does not exist\..*\[file-missing\]/),
    })
    expect(await runCli(['bench', 'prepare'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--annotations') })
    expect(await readdir(scratch.directory)).toEqual(['in.jsonl', 'videos'])
  })

  it('leaves no file after an abort', async () => {
    const { scratch, videos } = await folderOf([one(1), one(2)], ['1.mp4', '2.mp4'])
    const stop = new AbortController()
    const events: PrepareEvent[] = []
    const request = { annotations: scratch.path('in.jsonl'), videos, out: scratch.path('out.jsonl'), overwrite: false }
    const prepared = prepareAnnotations(request, stop.signal, (event) => {
      events.push(event)
      if (event.kind === 'checking') stop.abort()
    })
    await expect(prepared).rejects.toMatchObject({ name: 'AbortError' })
    expect(events.filter(({ kind }) => kind === 'checking')).toEqual([{ kind: 'checking', path: join(videos, '1.mp4'), done: 0, of: 2 }])
    expect(await readdir(scratch.directory)).toEqual(['in.jsonl', 'videos'])
  })
})
