"""Small templates, each about one rule: make_chat_goldens.py writes what jinja2 makes of them."""

DATA = {
    "s": "Hello World", "u": "Ünïcödé ß ﬁ İ Σας ΑΣ 日本", "sp": " \t x y \n", "n": 7, "neg": -7, "f": 2.5, "big": 12345678901234567890123,
    "z": 0, "t": True, "no": None, "l": [3, 1, 2], "ls": ["b", "A", "c", "a"], "e": [], "d": {"b": 1, "a": 2, "C": 3},
    "m": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}, {"role": "user", "content": "bye"}],
    "p": [{"n": "x", "v": 2, "k": {"z": 1}}, {"n": "Y", "v": 1, "k": {"z": 3}}, {"n": "x", "v": 3, "k": {"z": 2}}],
    "deep": {"a": [1, {"b": [None, True, 2.0, "q'\"\\\n\t\u00e9\u200b"]}]}, "html": "<a href=\"x\">&'</a>", "nl": "a\n\nb\r\nc\x0bd",
}

OUTPUT = r"""
{{ 1 }}|{{ 1.0 }}|{{ 1e3 }}|{{ 1e16 }}|{{ 1.5e-5 }}|{{ 123456789012345678 }}|{{ 0.1 + 0.2 }}|{{ 1e22 }}|{{ 1e100 }}
{{ true }}{{ false }}{{ none }}{{ True }}{{ False }}{{ None }}
{{ big }}|{{ big == big }}|{{ big is integer }}|{{ big | tojson }}
{{ "a" 'b' }}|{{ "\n\t\\\x41\u00e9\U0001F600\101" }}|{{ '\'' }}|{{ "\q" }}
{{ l }}{{ ls }}{{ e }}{{ d }}{{ deep }}{{ (1,) }}{{ () }}{{ (1, 'a', none) }}
{{ {'a': 1, 2: 'b', none: true, 1.5: []} }}
{{ ['it\'s', "say \"x\"", 'both \' and "', '\x00\x1f\x7f\x80\xa0\xad'] }}
{{ [1.0, 1e20, 1e-7, -0.0] }}|{{ nothing }}|{{ [nothing] }}
{{ range(3) }}{{ range(1, 5) }}{{ range(5, 0, -2) }}|{{ range(3) | list }}|{{ range(0) | list }}|{{ range(5,0,-2)|list }}
{{ d.keys() }}{{ d.values() }}{{ d.items() }}|{{ namespace(a=1, b='x') }}
{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 00 }}
"""

OPERATORS = r"""
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 6 / 3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }}
{{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ 7.5 % 2 }} {{ -7.5 % 2 }} {{ 7.5 % -2 }} {{ 1 - 2 - 3 }} {{ 2 * 3 + 4 * 5 }} {{ -2 ** 2 }} {{ (-2) ** 2 }}
{{ true + 1 }} {{ 1 + 1.0 }} {{ 3 * 'ab' }} {{ 'ab' * 2 }} {{ [1] * 3 }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ 'a' * -1 }}|{{ [0] * 0 }}
{{ 1 ~ 'a' ~ none ~ 2.0 ~ [1] ~ nothing }} {{ 1 + 2 ~ 3 + 4 }} {{ 'a' + 'b' * 2 }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 1 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ (1, 'a') == (1, 'a') }} {{ [1] == (1,) }}
{{ 'a' in 'abc' }} {{ 'd' not in 'abc' }} {{ 1 in [1, 2] }} {{ 'a' in d }} {{ 'x' in d }} {{ 1.0 in [1] }} {{ '' in 'a' }} {{ 2 in range(3) }} {{ 1 in nothing }}
{{ not true }} {{ not 0 }} {{ 1 and 2 }} {{ 0 and 2 }} {{ 0 or 'x' }} {{ nothing or 'd' }} {{ '' or none }} {{ not 1 == 2 }} {{ not nothing }}
{{ 'y' if true else 'n' }} {{ 'y' if false else 'n' }} {{ 'y' if false }}|{{ 1 if 0 else 2 if 0 else 3 }} {{ (1 if true) + 1 }}
{{ -n }} {{ +n }} {{ - -n }} {{ -n | abs }} {{ -f }} {{ n - -n }}
{{ {'a': 1} == {'a': 1.0} }} {{ d == {'C': 3, 'a': 2, 'b': 1} }} {{ none == none }} {{ nothing == nothing2 }} {{ none == false }}
{{ '%s and %s' % ('a', 1) }} {{ '%d%%' % 5 }} {{ '%5.2f|%-5s|%05d|%+d|%x|%X|%o|%e|%g' % (3.14159, 'ab', 42, 7, 255, 255, 8, 12345.678, 0.0001) }}
{{ '%(a)s-%(b)02d' % {'a': 'x', 'b': 3} }} {{ '%r' % ('q',) }} {{ '%c%c' % ('a', 66) }} {{ '%10s|' % 'ü' }} {{ '%.2s' % 'abc' }} {{ '%s' % d }} {{ '%5d|%-6d|' % (42, 42) }}
{{ 1 + 'a' }}
{{ 'a' + 1 }}
{{ none + 1 }}
{{ 1 // 0 }}
{{ 1.5 % 0 }}
{{ 'a' < 1 }}
{{ nothing + 1 }}
{{ nothing < 1 }}
{{ 1 in 5 }}
{{ 1 in 'abc' }}
{{ [] < {} }}
{{ '%s %s' % 'a' }}
{{ '%s' % ('a', 'b') }}
{{ '%d' % 'a' }}
{{ -'a' }}
{{ {[]: 1} }}
{{ 2 is divisibleby 0 }}
"""

ACCESS = r"""
{{ d.a }} {{ d['a'] }} {{ d.x }}|{{ d['x'] }}|{{ l[0] }} {{ l[-1] }} {{ l[10] }}|{{ l.0 }} {{ s[0] }} {{ s[-1] }} {{ s[99] }}|{{ u[0] }}{{ u[-2] }}
{{ d['items'] is callable }} {{ d.get('a') }} {{ d.get('x') }} {{ d.get('x', 9) }} {{ {'items': 1}.items is callable }} {{ {'items': 1}['items'] }}
{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[5:] }} {{ l[-2:] }} {{ l[2:0:-1] }} {{ l[None:None] }} {{ (1, 2, 3)[1:] }} {{ range(5)[1:3] | list }}
{{ s[1:4] }} {{ s[::-1] }} {{ s[::2] }} {{ s[-3:] }} {{ u[1:4] }} {{ u[::-1] }} {{ u[3:1] }}| {{ u[-2:] }} {{ u[::3] }}
{{ m[0].role }} {{ m[0]['role'] }} {{ m[-1].content }} {{ deep.a[1].b[3] }} {{ m[0:1][0].role }} {{ deep['a'][1]['b'][2] }}
{{ nothing.x }}
{{ nothing['x'] }}
{{ d.x.y }}
{{ nothing() }}
{{ s() }}
{{ d.x() }}
{{ none.x }}|{{ none['x'] }}|{{ 1 .x }}|{{ n.x }}|{{ true['a'] }}|{{ l['x'] }}|{{ l.x }}|{{ s.x }}|{{ l[1.5] }}|{{ d[l] }}|
{{ no[1:] }}
{{ d[1:] }}
{{ l[::0] }}
{{ l['a':] }}
{{ l.append(1) }}
{{ d.update({'x': 1}) }}
{{ d.pop('a') }}
{{ l.append is defined }} {{ s.__class__ }}|{{ s.__class__ is defined }}
{{ nothing[1:] }}
{{ d[true] }}|{{ {1: 'one'}[true] }}|{{ {1: 'one'}[1.0] }}
"""

STRINGS = r"""
{{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ s.capitalize() }} {{ s.swapcase() }} {{ 'a-b c_d e1f' .title() }} {{ "they're".title() }}
{{ u.upper() }} {{ u.lower() }} {{ u.title() }} {{ u.capitalize() }} {{ u.swapcase() }} {{ u.casefold() }}
[{{ sp.strip() }}] [{{ sp.lstrip() }}] [{{ sp.rstrip() }}] [{{ 'xxaxx'.strip('x') }}] [{{ 'xyaxy'.lstrip('yx') }}] [{{ 'axy'.rstrip('y') }}] [{{ '\u00a0\u3000x\u2003'.strip() }}] [{{ 'a'.strip(none) }}] [{{ 'éaé'.strip('é') }}]
{{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a  b c '.split() }} {{ ' a  b c '.split(none, 1) }} {{ ' a  b c '.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'abc'.split('x') }} {{ 'a b'.split(maxsplit=0) }} {{ 'aXXbXXc'.rsplit('XX', maxsplit=1) }}
{{ nl.splitlines() }} {{ nl.splitlines(true) }} {{ ''.splitlines() }} {{ 'a\n'.splitlines() }} {{ 'a\u2028b\x85c'.splitlines() }}
{{ s.startswith('He') }} {{ s.startswith(('x', 'H')) }} {{ s.endswith('d') }} {{ s.endswith(('x',)) }} {{ s.startswith('W', 6) }} {{ s.startswith('') }} {{ s.endswith('lo', 0, 5) }}
{{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ s.replace('', '-') }} {{ s.replace('x', 'y') }} {{ ''.replace('', 'a') }} {{ 'aaa'.replace('aa', 'b') }} {{ 'éa'.replace('', '.') }} {{ 'abc'.replace('', '.', 2) }}
{{ s.find('o') }} {{ s.find('x') }} {{ s.rfind('o') }} {{ s.find('o', 5) }} {{ u.find('日') }} {{ s.index('W') }} {{ s.count('l') }} {{ s.count('') }} {{ 'aaa'.count('aa') }} {{ u.rfind('本') }} {{ s.find('l', -3) }}
{{ ', '.join(ls) }} {{ ''.join(['a']) }} {{ '-'.join('abc') }} {{ '-'.join(d) }} {{ ','.join([]) }}
{{ 'ab'.center(7) }}| {{ 'ab'.center(7, '*') }} {{ 'ab'.ljust(5) }}| {{ 'ab'.rjust(5, '0') }} {{ '42'.zfill(5) }} {{ '-42'.zfill(5) }} {{ 'abc'.center(6, '.') }}
{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }} {{ 'x'.removeprefix('y') }} {{ 'a\tb'.expandtabs() }} {{ 'a\tb\n\tc'.expandtabs(4) }}
{{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('=') }} {{ 'abc'.rpartition('=') }}
{{ 'abc'.isalpha() }} {{ 'ab1'.isalnum() }} {{ '12'.isdigit() }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ '½'.isnumeric() }} {{ ' '.isspace() }} {{ ''.isalpha() }} {{ 'A1'.isupper() }} {{ 'a1'.islower() }} {{ 'Ab Cd'.istitle() }} {{ 'é'.isascii() }} {{ '\n'.isprintable() }}
{{ '{} {}'.format(1, 'a') }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x}'.format(x=1) }} {{ '{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}|{:x}|{:#x}|{:e}|{:%}'.format('a', 'b', 'c', 42, 3.14159, 1234567, 255, 255, 12345.678, 0.25) }} {{ '{{}}'.format() }} {{ '{0[a]} {0[b]}'.format(d) }} {{ '{!r}'.format('q') }} {{ '{:*^7}'.format('é') }} {{ '{:+d} {: d}'.format(3, 3) }} {{ '{:g} {:.3}'.format(0.00001, 1234.5) }}
{{ 'a'.nosuch() }}
{{ 'a'.split('') }}
{{ 'a'.index('x') }}
{{ ','.join([1]) }}
{{ 'a'.replace('a') }}
{{ '{}'.format() }}
{{ '{x}'.format() }}
{{ 'a'.startswith(['a']) }}
{{ 'a'.center('x') }}
{{ [1, 2, 1].count(1) }} {{ [1, 2].index(2) }} {{ (1, 2).index(2) }} {{ l.copy() }} {{ d.copy() }}
{{ [1].index(5) }}
{{ range(4).index(2) }} {{ range(4).count(1) }} {{ (1, 2).copy is defined }} {{ range(9)[::2] }} {{ range(1, 9, 2)[1:] }} {{ range(4)[::-1] }}
{{ 'x' % nothing }} {{ 'x' % range(2) }} {{ 'x' % l }} {{ 'x' % d }}
{{ 'x' % 1 }}
{{ 5 | indent }}
{{ l | indent }}
{{ nothing | indent }}
{{ 5 | truncate }}
{{ l | truncate }} {{ nothing | truncate }}|
{{ '' | filesizeformat }}
{{ l | filesizeformat }}
{{ ('ab' | e) | list }}
"""

FILTERS = r"""
{{ -5 | abs }} {{ 2.5 | abs }} {{ s | upper }} {{ s | lower }} {{ s | title }} {{ s | capitalize }} {{ u | title }} {{ "it's a (foo) [bar]-baz" | title }} {{ 5 | upper }} {{ 'ΑΣ' | lower }}
[{{ sp | trim }}] [{{ 'xax' | trim('x') }}] [{{ 5 | trim }}] [{{ none | trim }}] [{{ nothing | trim }}]
{{ l | first }} {{ l | last }} {{ e | first }}| {{ s | first }} {{ s | last }} {{ d | first }} {{ d | last }} {{ u | last }} {{ d.items() | first }}
{{ l | length }} {{ s | length }} {{ d | count }} {{ u | length }} {{ nothing | length }} {{ d.keys() | length }} {{ range(5) | length }}
{{ l | join }} {{ l | join(', ') }} {{ p | join('-', attribute='n') }} {{ s | join('.') }} {{ d | join(',') }} {{ e | join(',') }} {{ [1, none, true, 'x'] | join(' ') }} {{ nothing | join }} {{ l | join(d=';') }} {{ p | map(attribute='k.z') | join }}
{{ l | sort }} {{ l | sort(reverse=true) }} {{ ls | sort }} {{ ls | sort(case_sensitive=true) }} {{ p | sort(attribute='v') | map(attribute='v') | list }} {{ p | sort(attribute='n,v') | map(attribute='v') | list }} {{ d | sort }} {{ p | sort(attribute='k.z', reverse=true) | map(attribute='v') | list }} {{ [[2, 'a'], [1, 'b']] | sort }} {{ 'hello' | sort }} {{ p | sort(reverse=true, attribute='n') | map(attribute='v') | list }}
{{ d | dictsort }} {{ d | dictsort(true) }} {{ d | dictsort(false, 'value') }} {{ d | dictsort(reverse=true) }} {{ d | dictsort(by='value', reverse=true) }}
{{ l | reverse | list }} {{ s | reverse }} {{ u | reverse }} {{ (1, 2) | reverse | list }} {{ d | reverse | list }}
{{ l | list }} {{ s | list }} {{ d | list }} {{ d.items() | list }} {{ nothing | list }} {{ u | list }}
{{ l | sum }} {{ p | sum(attribute='v') }} {{ [1.5, 2] | sum }} {{ [[1], [2]] | sum(start=[]) }} {{ e | sum }} {{ l | sum(start=10) }}
{{ l | min }} {{ l | max }} {{ ls | min }} {{ ls | max }} {{ ls | max(case_sensitive=true) }} {{ p | max(attribute='v') }} {{ e | max }}| {{ p | min(attribute='n') }} {{ s | max }}
{{ [1, 2, 1, 'a', 'A', 1.0] | unique | list }} {{ ls | unique(case_sensitive=true) | list }} {{ p | unique(attribute='n') | map(attribute='v') | list }} {{ 'hello' | unique | join }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2, 3, 4, 5] | slice(2) | list }} {{ [1, 2, 3, 4, 5] | slice(3, 'x') | list }} {{ e | slice(2) | list }} {{ [1,2,3] | batch(2, none) | list }} {{ [1,2,3,4] | slice(2, 'x') | list }}
{{ p | map(attribute='n') | list }} {{ ls | map('upper') | list }} {{ p | map(attribute='q', default='d') | list }} {{ ls | map('replace', 'a', 'z') | list }} {{ [1, 2] | map('string') | join('+') }} {{ ['1', 'x'] | map('int', default=-1) | list }} {{ [[1,2],[3]] | map('length') | list }} {{ [[1,2],[3]] | map('first') | list }} {{ [[1,2],[3]] | map(attribute=0) | list }} {{ [[1,2],[3]] | map(attribute='0') | list }}
{{ [1, 2, 3] | select('odd') | list }} {{ [0, 1, '', 'a'] | select | list }} {{ [1, 2, 3] | reject('odd') | list }} {{ [0, 1] | reject | list }} {{ [1, 2, 3] | select('gt', 1) | list }} {{ [1, 2, 3] | select('divisibleby', 3) | list }} {{ ls | select('in', ['a', 'b']) | list }} {{ [1, 2] | select('==', 2) | list }}
{{ p | selectattr('v', 'gt', 1) | map(attribute='v') | list }} {{ m | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }} {{ m | rejectattr('role', '==', 'user') | list }} {{ m | selectattr('tool_calls', 'defined') | list }} {{ m | selectattr('role') | list | length }} {{ m | selectattr('x', 'undefined') | list | length }} {{ p | selectattr('k.z', 'ge', 2) | map(attribute='v') | list }} {{ none | selectattr('x') | list }} {{ '' | map('upper') | list }}
{{ p | groupby('n') }} {% for g, items in p | groupby('n') %}{{ g }}:{{ items | map(attribute='v') | list }};{% endfor %} {% for g in p | groupby('n', case_sensitive=true) %}{{ g.grouper }}{{ g.list | length }}{% endfor %} {% for g in p | groupby('q', default='none') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}
{{ d | items | list }} {{ nothing | items | list }} {% for k, v in d | items %}{{ k }}{{ v }}{% endfor %}
{{ nothing | default('x') }} {{ none | default('x') }} {{ none | default('x', true) }} {{ '' | d('y', boolean=true) }} {{ 0 | default(1) }} {{ d.x | default('n') }} {{ nothing | default }}|
{{ 3.7 | int }} {{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ '0x1f' | int(0, 16) }} {{ '0b11' | int(base=2) }} {{ '42.9' | int }} {{ true | int }} {{ none | int }} {{ -3.7 | int }} {{ ' 7 ' | int }} {{ '1_000' | int }} {{ '' | int }} {{ '1e3' | int }} {{ 'z' | int(base=36) }}
{{ 3 | float }} {{ '2.5' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ none | float }} {{ '1e3' | float }} {{ ' -2 ' | float }} {{ true | float }} {{ 'inf' | float }} {{ '.5' | float }} {{ '5.' | float }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 1234 | round(-2) }} {{ 1250 | round(-2) }} {{ 1350 | round(-2) }} {{ 2.675 | round(2) }} {{ 7 | round }} {{ 1234.567 | round(-2) }} {{ 2.345 | round(2, 'ceil') }} {{ -2.5 | round }} {{ 5 | round(1, 'floor') }} {{ 0.5 | round }} {{ 1e300 | round(2) }}
{{ 5 | string }} {{ none | string }} {{ l | string }} {{ 1.0 | string ~ 'x' }}
{{ '%s-%s' | format('a', 1) }} {{ '%(x)s' | format(x=2) }} {{ 'a' | format }} {{ '%05.1f' | format(2.25) }}
{{ html | e }} {{ html | escape }} {{ html | safe }} {{ (html | e) | e }} {{ html | forceescape }} {{ ('<' | e) + '<' }} {{ '<' + ('<' | e) }} {{ ('<' | safe) ~ '<' }} {{ 5 | e }} {{ ['<' | e] }} {{ '<' | e is escaped }} {{ html is escaped }}
{{ 'a\nb\n\nc' | indent }} {{ 'a\nb' | indent(2, true) }} {{ 'a\n\nb' | indent(2, blank=true) }} {{ 'a\nb' | indent('> ', first=true) }} {{ '' | indent }}| {{ 'a\nb\n' | indent(1) }}| {{ nl | indent(2) }}
{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, false, '...', 0) }} {{ 'short' | truncate }} {{ 'foo bar baz qux' | truncate(5, end='!', leeway=0) }} {{ 'éééééééééé' | truncate(5, true, '…', 0) }}
{{ 'ab' | center(6) }}| {{ 'one two, three' | wordcount }} {{ '' | wordcount }} {{ 'é-ü x_y' | wordcount }}
{{ 'a b/c?d=é&' | urlencode }} {{ {'a b': 'c/d', 'e': 1} | urlencode }} {{ [['a', 'b c']] | urlencode }} {{ 5 | urlencode }}
{{ {'class': 'my', 'missing': none, 'id': 'x"<', 'n': 5} | xmlattr }}| {{ {'a': 1} | xmlattr(false) }} {{ {} | xmlattr }}|
{{ 1 | filesizeformat }} {{ 999 | filesizeformat }} {{ 1000 | filesizeformat }} {{ 1300000 | filesizeformat }} {{ 1024 | filesizeformat(true) }} {{ 1e15 | filesizeformat }} {{ 1e30 | filesizeformat }}
{{ s | replace('l', 'L') }} {{ s | replace('l', 'L', 1) }} {{ 5 | replace(5, 6) }} {{ nothing | replace('a', 'b') }}| {{ s | replace(old='H', new='J') }}
{{ s | attr('upper') is callable }} {{ d | attr('a') }}| {{ d | attr('items') is callable }}
{{ [1, 2] | last }} {{ (1, 2) | first }} {{ l | select('odd') | first }} {{ l | map('string') | first }}
{% set g = l | map('string') %}{{ g | join }}-{{ g | join }}|{% if l | select('gt', 99) %}yes{% endif %}
{{ l | select('odd') | length }}
{{ (l | select('odd'))[0] }}|
{{ l | select('odd') | last }}
{{ s | nosuch }}
{% if false %}{{ s | nosuch }}{% endif %}ok
{{ 'x' if true else (s | nosuch) }}
{% if true %}{{ s | nosuch }}{% endif %}
{% for x in [] %}{{ x | nosuch }}{% endfor %}
{% if false %}{% for x in [] %}{{ x | nosuch }}{% endfor %}{% endif %}
{{ s is nosuch }}
{% if false %}{{ s is nosuch }}{% endif %}ok
{{ [1, 'a'] | sort }}
{{ [{}, {}] | unique | list }}
{{ 5 | length }}
{{ none | length }}
{{ 5 | list }}
{{ 'a' | abs }}
{{ 'x' | round }}
{{ ['a'] | sum }}
{{ s | join(1, 2, 3) }}
{{ s | upper(1) }}
{{ 'abcdef' | truncate(2) }}
{{ {'a b': 1} | xmlattr }}
{{ nothing | int }}
{{ nothing | float }}
{{ nothing | abs }}
{{ nothing | first }}|{{ nothing | sum }}|{{ nothing | sort }}|{{ nothing | min }}|{{ nothing | string }}|{{ nothing | map('upper') | list }}|{{ nothing | unique | list }}|{{ nothing | lower }}
{{ nothing | last }}
{{ nothing | dictsort }}
{{ nothing | round }}
{{ none | first }}
{{ none | join }}
{{ none | sort }}
{{ l | map('nosuch') | list }}
{{ l | map(attribute='x.y') | list }}
{{ l | select('nosuch') | list }}
"""

JSON = r"""
{{ deep | tojson }} {{ d | tojson }} {{ s | tojson }} {{ u | tojson }} {{ none | tojson }} {{ true | tojson }} {{ 1.0 | tojson }} {{ 1e22 | tojson }} {{ l | tojson }} {{ (1, 2) | tojson }} {{ e | tojson }} {{ {} | tojson }}
{{ html | tojson }} {{ '\x00\x1f\x7f\u2028\U0001F600"\\/\b\f' | tojson }} {{ nl | tojson }}
{{ deep | tojson(indent=2) }}
{{ d | tojson(indent=4) }}|{{ [] | tojson(indent=2) }}|{{ {'a': []} | tojson(indent=1) }}|{{ [1] | tojson(indent=0) }}
{{ d | tojson(separators=(',', ':')) }} {{ d | tojson(indent=2, separators=(' ,', ' : ')) }} {{ d | tojson(sort_keys=true) }} {{ u | tojson(ensure_ascii=true) }} {{ deep | tojson(true) }} {{ deep | tojson(indent='\t') }}
{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }} {{ big | tojson }} {{ p | tojson }} {{ 'inf' | float | tojson }}
{{ nothing | tojson }}
{{ d.items() | tojson }}
{{ range(3) | tojson }}
{{ l | select | tojson }}
{{ namespace(a=1) | tojson }}
{{ {(1, 2): 3} | tojson }}
{{ [nothing] | tojson }}
"""

TESTS = r"""
{{ n is defined }} {{ nothing is defined }} {{ nothing is undefined }} {{ d.x is defined }} {{ none is none }} {{ n is none }} {{ nothing is none }}
{{ s is string }} {{ n is string }} {{ n is number }} {{ f is number }} {{ true is number }} {{ n is integer }} {{ true is integer }} {{ f is integer }} {{ f is float }} {{ n is float }} {{ true is boolean }} {{ 1 is boolean }} {{ 1.0 is integer }}
{{ d is mapping }} {{ l is mapping }} {{ l is iterable }} {{ s is iterable }} {{ n is iterable }} {{ nothing is iterable }} {{ none is iterable }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ n is sequence }} {{ d.items() is sequence }} {{ range(2) is sequence }} {{ nothing is sequence }} {{ d.keys() is iterable }} {{ d.keys() is mapping }}
{{ range is callable }} {{ s is callable }} {{ s.upper is callable }} {{ nothing is callable }} {{ dict is callable }}
{{ 3 is odd }} {{ 3 is even }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 3.0 is odd }} {{ true is odd }} {{ -3 is odd }}
{{ 1 is in [1, 2] }} {{ 'a' is in 'abc' }} {{ 3 is not in [1] }} {{ 'b' is in d }}
{{ 1 is eq 1 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 2 is gt 1 }} {{ 1 is le 1 }} {{ 1 is ge 2 }} {{ 1 is equalto 1.0 }} {{ 2 is greaterthan 1 }} {{ 1 is lessthan 2 }} {{ 1 is sameas 1 }} {{ true is sameas true }} {{ none is sameas none }} {{ 1 is sameas true }} {{ l is sameas l }}
{{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }} {{ none is false }} {{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'aB' is lower }} {{ '' is lower }} {{ '1' is upper }}
{{ 'upper' is filter }} {{ 'x' is filter }} {{ 'odd' is test }} {{ 'tojson' is filter }} {{ '==' is test }}
{{ not n is none }} {{ n is not none }} {{ n is not none and true }} {{ 'a' if n is defined else 'b' }} {{ n is defined or nothing.x }} {{ (n is number) ~ '!' }} {{ n is number | string }}
{{ 3 is odd is true }}
{{ 'a' is odd }}
{{ 1 is lt 'a' }}
{{ nothing is odd }}
{{ 3 is divisibleby }}
{{ s is string(1) }}
"""

STATEMENTS = r"""
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ x }};{% endfor %}
{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}{{ loop.previtem is defined }} {% endfor %}
{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{% endfor %}
{% for x in e %}no{% else %}empty{% endfor %}{% for x in l %}{{ x }}{% else %}no{% endfor %}
{% for x in l if x > 1 %}{{ x }}/{{ loop.length }}{{ loop.last }} {% else %}none{% endfor %}{% for x in l if x > 9 %}{% else %}none{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}{% for (a, b), c in [[[1, 2], 3]] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in u[:3] %}{{ c }}.{% endfor %}
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}|{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in l %}{% for y in l %}{{ loop.index }}{% if y == 1 %}{% break %}{% endif %}{% endfor %}{{ loop.index }};{% endfor %}
{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}[{{ loop(x) }}]{% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}
{% for x in l %}{% set y = x %}{{ y }}{% endfor %}{{ y }}|{% set y = 0 %}{% for x in l %}{{ y }}{% set y = x %}{{ y }} {% endfor %}{{ y }}
{% set ns = namespace(n=0) %}{% for x in l %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}{% set ns.new = 'x' %}{{ ns.new }}{{ ns.missing }}|
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, dd) = [3, 4] %}{{ c }}{{ dd }}{% set t2 = 1, 2 %}{{ t2 }}
{% set x %}block {{ n }}{% endset %}[{{ x }}]{% set x | upper | trim %} abc {% endset %}[{{ x }}]
{% if n > 5 %}a{% elif n > 3 %}b{% else %}c{% endif %}{% if nothing %}x{% elif e %}y{% else %}z{% endif %}{% if false %}x{% endif %}
{% if n > 5 %}{% set q = 1 %}{% endif %}{{ q }}{% if n > 50 %}{% set r = 1 %}{% endif %}{{ r }}|
{% macro m1(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ m1(1) }} {{ m1(1, 3) }} {{ m1(1, c='z') }} {{ m1(a=5) }} {{ m1() }} {{ m1(1, 2, 3) | upper }} {{ m1.name }}
{% macro m2() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m2(1, 2, x=3) }}{{ m2() }}
{% macro m3(x) %}{{ x }}{% if x > 0 %}{{ m3(x - 1) }}{% endif %}{% endmacro %}{{ m3(3) }}
{% macro m4() %}<{{ caller() }}>{% endmacro %}{% call m4() %}in {{ n }}{% endcall %}
{% macro m5(l) %}{% for x in l %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(x, i) m5(l) %}({{ x }}:{{ i }}){% endcall %}
{% macro m6(a) %}{{ outer }}{{ a }}{% endmacro %}{% set outer = 'O' %}{{ m6(1) }}{% for outer in [1] %}{{ m6(2) }}{% endfor %}
{% macro m7(a, b=a) %}{{ b }}{% endmacro %}{{ m7(1) }}{{ m7(1, none) }}
{% macro m8(a) %}{% set n = a %}{{ n }}{% endmacro %}{{ m8(1) }}{{ n }}
{% macro m9() %}{% if caller %}{{ caller() }}{% else %}nocall{% endif %}{% endmacro %}{{ m9() }}
{% filter upper %}abc {{ s }}{% endfilter %}{% filter replace('a', 'b') | upper %}aaa{% endfilter %}
{% with a=1, b=n %}{{ a }}{{ b }}{% set a = 5 %}{{ a }}{% endwith %}{{ a }}|{% with %}{% set zz = 1 %}{{ zz }}{% endwith %}{{ zz }}
{% generation %}text{% set gg = 1 %}{{ gg }}{% endgeneration %}{{ gg }}|{% for x in l %}{% generation %}{{ loop.index }}{{ x }}{% endgeneration %}{% endfor %}
{% raw %}{{ not }} {% if %} {# c #}{% endraw %}|{%- raw -%}  x {%- endraw -%} |
{# comment #}a{#- c -#} b {#  multi
line {{ x }} #}c
{% print 1, 2 %}{% print 'x' %}
{% set c = cycler('a', 'b') %}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}x{{ j() }}y{{ j() }}
{{ dict(a=1, b=2) }} {{ dict([['x', 1]]) }} {{ dict(d, a=9) }} {{ dict() }} {{ namespace(d).a }}
{{ strftime_now('%d %b %Y') }} {{ strftime_now('%A %B %j %y %H:%M:%S %p %I %-d %e %U %W %w %u %V %G %%') }} {{ strftime_now('%Y-%m-%d') }} {{ strftime_now('plain') }}
{{ raise_exception('no ' ~ s) }}
{% if false %}{{ raise_exception('x') }}{% endif %}fine
{% for x in none %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in nothing %}{{ x }}{% endfor %}ok
{% for a, b in [1, 2] %}{% endfor %}
{% for a, b in [[1]] %}{% endfor %}
{% set a, b = 1, 2, 3 %}
{% set d.x = 1 %}
{% set nothing2.x = 1 %}
{% include 'x' %}
{% import 'x' as y %}
{% extends 'x' %}
{% nosuch %}
{% for x in l %}
{% if %}x{% endif %}
{{ x
{{ }}
{% endif %}
{% if true %}{% endfor %}
{{ 'abc }}
{{ (1 }}
{{ 1 ) }}
{{ a b }}
{{ 1 + }}
{{ ! }}
{% break %}
{% macro bad(a=1, b) %}{% endmacro %}
{% macro m1(a) %}{% endmacro %}{{ m1(1, 2) }}
{% macro m1(a) %}{% endmacro %}{{ m1(x=2) }}
{% macro m1(a) %}{% endmacro %}{% call m1(1) %}{% endcall %}
{{ range(10) | nosuch }}
{{ range(1000000) }}
{{ range(1, 5, 0) }}
{{ range('a') }}
{{ dict(1) }}
{{ {1: 2 }}
{{ x.1a }}
{{ [1, 2,] }}{{ (1, 2,) }}{{ {'a': 1,} }}{{ dict(a=1,) }}
{{ [*l] }}
{{ m1(*l) }}
{% macro m1(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m1(*l) }}{{ m1(**{'a': 1, 'b': 2}) }}{{ m1(1, *[2], **{'c': 3}) }}
{% set loop2 = 1 %}{% for x in l %}{{ loop.index ~ loop2 }}{% endfor %}{{ loop }}
{% for x in l %}{% endfor %}{{ x }}|{{ loop is defined }}
{% if n == 7 %}{% for x in [1] %}{% set inner = 1 %}{% endfor %}{% endif %}{{ inner is defined }}
{% set l = l + [9] %}{{ l }}{% set m = m[1:] %}{{ m | length }}
{%- for x in l -%} {{ x }} {%- endfor -%} end
{% call s.upper() %}{% endcall %}
{% set x = 'a' if false %}[{{ x }}]{{ x is defined }}
{% set x = [] %}{% for i in range(3) %}{% set x = x + [i] %}{% endfor %}{{ x }}
"""

# Templates of several lines: white space control.
WHITESPACE = [
    "a\n{% if true %}\nb\n{% endif %}\nc\n",
    "a\n  {% if true %}  \n  b\n  {% endif %}\nc\n\n",
    "a  {%- if true -%}  b  {%- endif -%}  c",
    "a\n  {%+ if true %}\nb{% endif +%}\nc",
    "{% if true +%}\nb\n{% endif %}",
    "  {{ 1 }}\n  {{- 2 -}}  \n 3",
    "  {# c #}\nx  {# c #}\ny\n  {#- c -#}\n z",
    "x {# c #}  \n{# d +#}\ny",
    "  {% raw %}\n a\n  {% endraw %}\nb",
    "  {%- raw %}\n a\n  {%- endraw -%}\nb",
    "a\r\n{% if true %}\r\nb\r{% endif %}\r\nc\r\n",
    "\n\n{% set x = 1 %}\n\n{{ x }}\n\n",
    "{% for x in l %}\n  {{ x }}\n{% endfor %}\n",
    "{%- for x in l %}\n  {{- x }}\n{%- endfor %}\n",
    "\t {% if true %}x\t {% endif %}\n \t{{ 1 }}",
    "a {% if true %} b {% endif %} c\n",
    "\u00a0{% if true %}x{% endif %}\u3000\n\u2003{%- if true %}y{% endif -%}\u00a0z",
    "x\n\n   {%- if true %}y{% endif %}\n   \n",
    "{{- 1 -}}\n{{- 2 -}}\n",
    "{{ '{{' }}{{ '%}' }}{{ \"{%\" }}{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': {}} }}",
    "{%if true%}x{%endif%}{{1}}{{'a'}}{%-if true-%} y {%-endif-%}",
    "{{\n1\n+\n2\n}}",
    "{% set\nx\n=\n1 %}{{ x }}",
    "a{# x\n#}\nb{# y #}c\n",
    "{ {% if true %}{ }{% endif %} } {{ '}' }} {{ '}}' }} {{ \"}}\" }}",
    "", "\n", "\n\n", " ", "x\n", "x\n\n", "{", "{ {", "}}", "%}", "#}", "{}", "{{ 1 }}\n", "{% if true %}\n{% endif %}\n",
    "{% raw %}", "{# x", "{{ '#}' }}{# {{ #}", "{% raw %}{% endraw %}x{%- raw +%} y {% endraw %}",
    "line 1\nline 2 {{ nothing.x }}\n", "{% if true %}\n\n{{ l.x.y }}{% endif %}",
    "{%- set ns = namespace(a='') -%}\n{%- for x in l -%}\n{%- set ns.a = ns.a ~ x -%}\n{%- endfor -%}\n{{ ns.a }}",
    "{% macro f(x) %}\n  [{{ x }}]\n{% endmacro %}\n{{ f(1) }}\n{{- f(2) -}}\n.",
    "{% set x %}\n  a\n  {% endset %}\n|{{ x }}|",
    "{{ 'a\nb' }}{{ 'a\\\nb' }}",
]


def snippets():
    for group in (OUTPUT, OPERATORS, ACCESS, STRINGS, FILTERS, JSON, TESTS, STATEMENTS):
        # A line that begins with a space or a brace-less word goes on with the one before.
        joined = []
        for line in group.strip("\n").split("\n"):
            if joined and joined[-1].count("{#") > joined[-1].count("#}"):
                joined[-1] += "\n" + line
            else:
                joined.append(line)
        yield from joined
    yield from WHITESPACE
