import { beforeAll, expect, test, vi } from 'vitest'
import { channels } from '../../../src/shared/bridge.ts'
import { pageStandIn } from '../../helpers/strict-electron.ts'
import { WAIT } from '../../helpers/wait.ts'

const electron = await vi.hoisted(async () => (await import('../../helpers/strict-electron.ts')).electronStandIn())
vi.mock('electron', () => electron.module)

const page = pageStandIn()
const choose = (sent: unknown, event: unknown = page.event) => electron.ipc.emit(channels.language, event, sent)
/** Labels of the menu that was drawn last. */
const labels = () => (electron.menus.at(-1) as readonly { readonly label: string }[]).map(({ label }) => label)
const chinese = ['文件(&F)', '编辑(&E)', '视图(&V)', '窗口(&W)', '帮助(&H)']
const english = ['&File', '&Edit', '&View', '&Window', '&Help']
const drawn = (expected: readonly string[]) => vi.waitUntil(() => labels().join() === expected.join(), WAIT)

beforeAll(async () => {
  vi.spyOn(process, 'platform', 'get').mockReturnValue('linux')
  electron.app.getPreferredSystemLanguages.mockReturnValue(['de-DE', 'zh-Hans-CN', 'en-US'])
  await import('../../../src/main/index.ts')
  electron.ready()
  await vi.waitUntil(() => electron.windows.length > 0, WAIT)
})

test('menus are in the first known language of the system until the page chooses one', async () => {
  await drawn(chinese)
})

test('the page’s choice draws the menu again and applies to dialogs', async () => {
  const titleOfDialog = async () => {
    await electron.handlers.get(channels.choose)!(page.event, 'clips')
    return electron.dialog.showOpenDialog.mock.lastCall?.[1]
  }
  choose('en')
  await drawn(english)
  expect(await titleOfDialog()).toMatchObject({ title: 'Open clips' })
  choose('zh-CN')
  await drawn(chinese)
  expect(await titleOfDialog()).toMatchObject({ title: '打开片段' })
})

test('of two choices the last one counts', async () => {
  const before = electron.menus.length
  choose('en')
  choose('zh-CN')
  choose('en')
  await drawn(english)
  expect(electron.menus).toHaveLength(before + 1)
})

test('unknown values and other pages change nothing', async () => {
  // Every choice is resolved with them.
  electron.app.getPreferredSystemLanguages.mockClear()
  for (const sent of ['fr', 'zh', '', null, 7, { choice: 'zh-CN' }]) choose(sent)
  choose('zh-CN', pageStandIn('https://example.org/').event)
  expect(electron.app.getPreferredSystemLanguages).not.toHaveBeenCalled()
  choose('zh-CN')
  expect(electron.app.getPreferredSystemLanguages).toHaveBeenCalledOnce()
  await drawn(chinese)
})

test('the system’s language returns with the choice of it, as it is then', async () => {
  electron.app.getPreferredSystemLanguages.mockReturnValue(['zh-Hant-TW', 'en-GB'])
  choose('system')
  await drawn(english)
})
