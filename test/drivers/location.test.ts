import { describe, expect, it } from 'vitest'
import { locate, locateData } from '../../src/core/location.js'

describe('what a text names', () => {
  it.each([
    ['postgres://u:p@h/d', 'server', 'postgres://u:p@h/d'],
    ['PostgreSQL:///d?host=/run', 'server', 'PostgreSQL:///d?host=/run'],
    [' postgres://u:p@h/d\n', 'server', 'postgres://u:p@h/d'],
    ['memory://', 'memory', 'memory://'],
    ['idb://app', 'browser', 'idb://app'],
    ['opfs-ahp://a/b', 'browser', 'opfs-ahp://a/b'],
    ['.data/app', 'folder', '.data/app'],
    ['/a b/c', 'folder', '/a b/c'],
    ['./"quoted', 'folder', './"quoted'],
    ['./a://b', 'folder', './a://b'],
    ['C:\\data', 'folder', 'C:\\data'],
    ['postgres', 'folder', 'postgres'],
    ['file:///a%20b/%23', 'folder', '/a b/#'],
    ['file:///a%zz', 'folder', '/a%zz'],
    ['file:///C:/data', 'folder', 'C:/data'],
    ['file:/a', 'folder', '/a'],
    ['file:a', 'folder', 'a'],
    ['file:./a', 'folder', './a'],
    ['file://./a%20b', 'folder', './a%20b'],
  ])('%j is a %s at %j', (text, kind, place) => {
    expect(locate(text, 'url')).toEqual({ kind, place })
  })

  it.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['"postgres://u:hush@h/d"', 'begins with a quote'],
    ["'postgres://u:hush@h/d'", 'begins with a quote'],
    ['postgres//u:hush@h/d', 'is no valid URL'],
    ['postgres:/u:hush@h/d', 'is no valid URL'],
    ['postgres:u:hush', 'is no valid URL'],
    ['postgres://u:hush@h:port/d', 'is no valid URL'],
    ['=postgres://u:hush@h/d', 'is no valid URL'],
    ['mysql://u:hush@h/d', 'has the scheme mysql:'],
    ['memory:', 'has no // behind memory:'],
    ['file://', 'names no file'],
  ])('%j is refused, and not shown', (text, why) => {
    const refused = () => locate(text, 'DATABASE_URL')
    expect(refused).toThrow(`DATABASE_URL ${why}`)
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(refused).not.toThrow('hush')
  })

  it('is a text', () => {
    expect(() => locate(5 as never, 'url')).toThrow('url must be a text')
  })

  it('is no place for data if it is a server', () => {
    expect(() => locateData('postgres://u:hush@h/d', 'dataDir')).toThrow(/^dataDir is the URL of/)
    expect(locateData('memory://', 'dataDir').kind).toBe('memory')
  })
})
