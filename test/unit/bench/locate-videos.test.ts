import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ClipFile, clipFile, VideoFolder } from '../../../src/bench/locate-videos.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const signal = new AbortController().signal

function relative(found: ClipFile, { directory }: ScratchFolder): ClipFile {
  const within = (path: string) => path.slice(directory.length + 1)
  return typeof found === 'string' ? within(found) : found.map(within)
}

/** Creates a folder with these files, and returns the relative path that a vid of a data set leads to. */
async function folderOf(...files: string[]) {
  const scratch = await ScratchFolder.make()
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  for (const file of files) {
    await mkdir(dirname(scratch.path(file)), { recursive: true })
    await scratch.write(file, '')
  }
  const videos = await VideoFolder.open(scratch.directory, signal)
  const find = (vid: number | string | null, dataset = 'Own', extraInfo: Record<string, unknown> = {}) =>
    relative(videos.find({ vid, dataset, extraInfo }), scratch)
  return { scratch, videos, find }
}

describe('finding a clip by its vid', () => {
  it('follows the rules of DREAM-1K, TVBench and FAVOR-Bench', async () => {
    const { find } = await folderOf('17.mp4', 'action_count/video_3.mp4', 'object_count/video_3.mp4', 'BV1_scene 2.mp4')
    expect(find(17, 'DREAM/youtube')).toBe('17.mp4')
    expect(find('object_count/video_3.mp4', 'TVBench/Object Count')).toBe('object_count/video_3.mp4')
    expect(find('BV1_scene 2.mp4', 'FAVOR-Bench/AS')).toBe('BV1_scene 2.mp4')
  })

  it('uses the names in extra_info when no file is named by the vid, as in Video-MME', async () => {
    const { find } = await folderOf('data/fFjv93ACGo8.mp4', 'data/-x_YZ.mkv', '003.mp4', 'B7DNX.mp4')
    const videoMme = (vid: string, extraInfo: Record<string, unknown>) => find(vid, 'Video-MME', { duration: 'short', vid, ...extraInfo })
    expect(videoMme('001', { videoID: 'fFjv93ACGo8' })).toBe('data/fFjv93ACGo8.mp4')
    expect(videoMme('001', { url: 'https://www.youtube.com/watch?v=fFjv93ACGo8&t=3' })).toBe('data/fFjv93ACGo8.mp4')
    expect(videoMme('002', { youtube_id: '-x_YZ' })).toBe('data/-x_YZ.mkv')
    expect(videoMme('002', { url: 'https://youtu.be/-x_YZ' })).toBe('data/-x_YZ.mkv')
    expect(videoMme('003', { videoID: 'fFjv93ACGo8' })).toBe('003.mp4')
    expect(find(null, 'FAVOR-Bench/AS', { video_name: 'B7DNX.mp4' })).toBe('B7DNX.mp4')
    expect(() => videoMme('009', { videoID: 'gone', url: 'https://example.org/watch?v=-x_YZ' })).toThrow(
      'The video "009" or "gone" was not found',
    )
    expect(() => videoMme('009', { videoID: '../secret' })).toThrow('not a file name or a relative path')
  })

  it('searches subfolders, ignoring case, file type and Unicode form', async () => {
    const { find } = await folderOf(
      '1164/4010069381.MP4',
      'TVBench/Action_Antonym/S1_rgb.avi',
      'Cafe\u0301.webm',
      'a.b.mkv',
      'x.frames/1.png',
    )
    expect(find('4010069381')).toBe('1164/4010069381.MP4')
    expect(find('action_antonym/s1_RGB.avi')).toBe('TVBench/Action_Antonym/S1_rgb.avi')
    expect(find('action_antonym/S1_rgb.mp4')).toBe('TVBench/Action_Antonym/S1_rgb.avi')
    expect(find('caf\u00e9')).toBe('Cafe\u0301.webm')
    expect(find('a.b')).toBe('a.b.mkv')
    expect(find('x')).toBe('x.frames')
  })

  it("prefers the data set's folder, then the place in the vid, then the file type", async () => {
    const { find } = await folderOf('1.mp4', 'DREAM-1k/video/1.mp4', 'other/1.mp4', '2.webm', '2.mp4', 'deep/2.mp4', '3.m4v', '3.ogv')
    expect(find(1, 'DREAM/youtube')).toBe('DREAM-1k/video/1.mp4')
    expect(find(1)).toBe('1.mp4')
    expect(find(2)).toBe('2.mp4')
    expect(find(3)).toBe('3.m4v')
  })

  it('finds folders of pictures, which are the frames of a clip, as in MVBench', async () => {
    const frames = (folder: string, ...names: string[]) => names.map((name) => `${folder}/${name}`)
    const castle = frames('tvqa/castle_s01e02', '1.jpg', '2.jpg', '10.jpg')
    const { find } = await folderOf(
      ...castle,
      ...frames('friends_s01', '00001.png', '00002.png'),
      'friends_s01.mp4',
      'mixed/1.jpg',
      'mixed/2.jpg',
      'mixed/3.mp4',
    )
    expect(find('Castle_S01E02', 'MVBench/Episodic Reasoning')).toEqual(castle)
    expect(find('tvqa/castle_s01e02')).toEqual(castle)
    expect(find('friends_s01')).toBe('friends_s01.mp4')
    expect(find(10)).toBe('tvqa/castle_s01e02/10.jpg')
    expect(() => find('mixed')).toThrow('was not found')
    expect(() => find('tvqa')).toThrow('was not found')
  })

  it('rejects an ambiguous vid', async () => {
    const { find } = await folderOf('msvd/7.mp4', 'tgif/7.gif')
    expect(() => find(7)).toThrow(
      expect.objectContaining({ code: 'file-missing', message: expect.stringMatching(/msvd.7\.mp4 and .*tgif.7\.gif/) }),
    )
    expect(find('tgif/7')).toBe('tgif/7.gif')
  })

  it.each(['..', '../secret', 'a/../../secret', '/etc/passwd', '', './1', 'a//b', 'x/'])('stays inside the folder for %j', async (vid) => {
    const { scratch, videos } = await folderOf('inner/1.mp4')
    await scratch.write('secret.mp4', '')
    const inner = await VideoFolder.open(scratch.path('inner'), signal)
    for (const folder of [videos, inner])
      expect(() => folder.find({ vid, dataset: 'Own', extraInfo: {} })).toThrow(/not a file name or a relative path/)
  })

  it('ignores hidden files and files that are no clips, and reports missing ones', async () => {
    const { find } = await folderOf('1.txt', '.2.mp4', '.cache/3.mp4')
    for (const vid of [1, 2, 3]) expect(() => find(vid)).toThrow(`The video "${vid}" was not found`)
    expect(() => find(null)).toThrow('no file and no vid')
  })

  it('visits a folder that links to itself once', async () => {
    const { scratch } = await folderOf('a/1.mp4')
    await symlink(scratch.directory, scratch.path('a/again'))
    await symlink(scratch.path('a/1.mp4'), scratch.path('linked.mp4'))
    const videos = await VideoFolder.open(scratch.directory, signal)
    expect(videos.find({ vid: 1, dataset: 'Own', extraInfo: {} })).toBe(scratch.path('a/1.mp4'))
    expect(videos.find({ vid: 'linked', dataset: 'Own', extraInfo: {} })).toBe(scratch.path('linked.mp4'))
  })

  it('rejects a path that is no folder, and stops on an abort', async () => {
    const { scratch } = await folderOf()
    await writeFile(scratch.path('file'), '')
    await expect(VideoFolder.open(scratch.path('none'), signal)).rejects.toMatchObject({ code: 'file-missing' })
    await expect(VideoFolder.open(scratch.path('file'), signal)).rejects.toMatchObject({ code: 'file-missing' })
    await expect(VideoFolder.open(scratch.directory, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('the clip of a sample', () => {
  it('is the annotated file, or else the one that the vid names', async () => {
    const { scratch, videos } = await folderOf('1.mp4')
    const sample = { vid: 1, dataset: 'Own', extraInfo: {} }
    expect(clipFile('<placeholder>', sample, videos)).toBe(scratch.path('1.mp4'))
    expect(clipFile('clips/9.mp4', sample, videos)).toBe(join(process.cwd(), 'clips/9.mp4'))
    expect(() => clipFile('<placeholder>', sample, null)).toThrow('--videos')
  })
})
