/** How the report looks: one column of text, wide enough for the picture; light, dark and on paper. No colour says anything alone. */
const LIGHT = `--paper:#fff;--ink:#1b1f24;--soft:#59636e;--rule:#d5dae0;--panel:#f4f6f8;--link:#0b57d0;
--good:#12715a;--look:#8a5a00;--bad:#b3261e;--silent:#5b4bb7;--skipped:#8b949e;--window:#e4e8ed;--cut:#f7f4ea;--area:#dbe9f7;--line:#1f5fa8`;
const DARK = `--paper:#14171b;--ink:#e6e9ed;--soft:#9aa4af;--rule:#343b44;--panel:#1c2127;--link:#8ab4f8;
--good:#4cc39c;--look:#e0a93b;--bad:#ff7b72;--silent:#b3a5ff;--skipped:#7d8590;--window:#2a3038;--cut:#211f17;--area:#1d3247;--line:#7db3ee`;

export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
[hidden]{display:none!important}
body{margin:0 auto;max-width:64rem;padding:1.25rem 1.25rem 4rem;overflow-wrap:break-word;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .5rem;flex:1 1 24rem;max-width:46rem;text-wrap:pretty}
header+main>section:first-child>h2{margin-top:1.25rem}
h2{font-size:1.15rem;margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--rule)}
h3{font-size:1rem;margin:1.5rem 0 .4rem}
p{margin:.5rem 0;max-width:46rem}
a{color:var(--link)}
code,pre,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.85em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--panel);padding:.75rem 1rem;border-radius:6px;margin:.5rem 0}
.brand{color:var(--soft);margin:0;letter-spacing:.02em}
.head{display:flex;gap:1.5rem;justify-content:space-between;align-items:flex-start;flex-wrap:wrap}
.stamp{border:2px solid;border-radius:6px;padding:.15rem .7rem;font-weight:700;letter-spacing:.08em;margin-top:.4rem}
.succeeded,.pass,.good{color:var(--good)}.failed,.fail,.bad{color:var(--bad)}.held,.inconclusive,.look{color:var(--look)}.silent{color:var(--silent)}.skipped,.not-run{color:var(--soft)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(12.5rem,1fr));gap:.4rem 1.5rem;margin:.6rem 0;padding:.6rem 1rem;background:var(--panel);border-radius:8px;font-size:.875rem}
dl.facts div{min-width:0}dl.facts .hash{grid-column:span 2}
dt{color:var(--soft);font-size:.78rem}dd.mono{font-size:.7rem;line-height:1.8}
dd{margin:0;overflow-wrap:anywhere}
.aside{color:var(--soft);font-size:.875rem;max-width:none}
.wide-table{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--rule)}
th{color:var(--soft);font-weight:600;white-space:nowrap}
th.sortable{cursor:pointer}
th.sortable:focus-visible,input:focus-visible{outline:2px solid var(--link);outline-offset:2px}
th[aria-sort=ascending]::after{content:" ▲"}
th[aria-sort=descending]::after{content:" ▼"}
td.number,th.number{text-align:right}
td.name{min-width:9rem;overflow-wrap:anywhere;font-weight:600}td .mono{white-space:nowrap}section{scroll-margin-top:1rem}
td .sub{display:block;color:var(--soft);font-weight:400;font-size:.92em}
td.outcome{white-space:nowrap;font-weight:600}td.why{min-width:10rem;overflow-wrap:anywhere}#node-table{font-size:.84rem}td.place{white-space:nowrap}.cves table{font-size:.82rem}.cves th,.cves td{padding-right:.6rem}td.cve{font-weight:600;min-width:8rem}
tr:target,li:target{background:var(--panel);outline:2px solid var(--link);outline-offset:-1px}
input{font:inherit;padding:.35rem .6rem;border:1px solid var(--rule);border-radius:6px;background:var(--paper);color:var(--ink);width:20rem;max-width:100%}
details{margin:.4rem 0}td details{margin:0}
summary{cursor:pointer}
ul.columns{columns:18rem;column-gap:2rem;list-style:none;margin:.5rem 0;padding:0;font-size:.85rem}
ul.columns li{break-inside:avoid;overflow-wrap:anywhere}
.picture{display:block;width:100%;height:auto;margin:.5rem 0}
.picture.narrow{display:none}
.picture text{fill:var(--ink);font-size:12.5px;font-family:inherit}
.picture .small,.picture .words{fill:var(--soft);font-size:11.5px;font-weight:400}
.picture .mid{text-anchor:middle}.picture .end{text-anchor:end}
.picture .name{font-weight:700;font-size:13.5px}.picture .day{font-weight:600;font-size:11.5px}
.window{fill:var(--window)}.cut{fill:var(--cut)}
.break{stroke:var(--soft);stroke-width:1.5;fill:none}.axis{stroke:var(--soft);fill:none}.base{stroke:var(--rule);fill:none}
.grid{stroke:var(--rule);stroke-dasharray:1 4;fill:none}
.soak{stroke:var(--good);stroke-width:2.5;stroke-dasharray:.1 6;stroke-linecap:round;fill:none}
.verify{stroke:var(--soft);stroke-width:2;fill:none}.hold{stroke:var(--look);stroke-width:2.5;stroke-dasharray:6 4;fill:none}
circle.good,.bar.good{fill:var(--good)}path.look,.bar.look{fill:var(--look)}.bar.bad{fill:var(--bad)}.bar.silent{fill:var(--silent)}circle.skipped{fill:var(--skipped)}
path.bad{stroke:var(--bad);stroke-width:2;fill:none}circle.silent{stroke:var(--silent);stroke-width:1.6;fill:none}
path.verdict{stroke:var(--paper);stroke-width:1}path.verdict.pass{fill:var(--good)}path.verdict.fail{fill:var(--bad)}path.verdict.inconclusive{fill:var(--look)}
.picture .verdict-word{font-weight:700;font-size:12px}.picture .verdict-word.pass{fill:var(--good)}.picture .verdict-word.fail{fill:var(--bad)}.picture .verdict-word.inconclusive{fill:var(--look)}
.area{fill:var(--area)}.line{stroke:var(--line);stroke-width:1.75;fill:none}.line.exploited{stroke:var(--bad);stroke-dasharray:6 3}
ul.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;list-style:none;margin:.25rem 0 1rem;padding:0;color:var(--soft);font-size:.85rem}
ul.legend svg{width:1.1em;height:1.1em;vertical-align:-.15em;margin-right:.45em;overflow:visible}ul.legend svg.long{margin-right:.9em}
.big{font-size:1.05rem;font-weight:600}
#find{margin:1.5rem 0 .5rem;display:flex;gap:.75rem;align-items:center;flex-wrap:wrap}
@media (max-width:640px){dl.facts{grid-template-columns:1fr 1fr}
.wide-table table,.wide-table tbody,.wide-table tr,.wide-table td{display:block;min-width:0!important;white-space:normal!important;text-align:left!important}
.wide-table thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.wide-table tr{padding:.5rem 0;border-bottom:1px solid var(--rule)}.wide-table td{border:0;padding:.1rem 0 .1rem 6.5rem;position:relative;overflow-wrap:anywhere}
.wide-table td:empty{display:none}.wide-table td::before{content:attr(data-head);position:absolute;left:0;width:6rem;color:var(--soft);font-family:system-ui,sans-serif;font-weight:400;font-size:.875rem}
body{padding:1.25rem .9rem 3rem}h1{font-size:1.3rem}.picture.wide{display:none}.picture.narrow{display:block}}
@page{size:A4;margin:14mm 13mm}
@media print{:root{color-scheme:light;${LIGHT}}
body{max-width:none;padding:0;font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:17pt}h2{margin-top:1.6rem;break-after:avoid}h3{break-after:avoid}
table{font-size:8.5pt}th,td{padding:.2rem .55rem .2rem 0}tr,.picture,ul.legend,dl.facts{break-inside:avoid}thead{display:table-header-group;break-inside:avoid}
.wide-table{overflow:visible}td.why{min-width:8.5rem}td.name{min-width:6.5rem}.mono{font-size:.78em}#node-table,.cves table{font-size:7.5pt}a{color:inherit;text-decoration:none}
.screen{display:none!important}details.print::details-content{content-visibility:visible;block-size:auto}}
`;
