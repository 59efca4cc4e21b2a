/* How the page looks: one column that reads on a screen and prints on A4. */
#ifndef VLY_REPORT_STYLE_H
#define VLY_REPORT_STYLE_H

static const char report_style[] =
    ":root{color-scheme:light}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:#fff;color:#1f2933;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,"
    "sans-serif}"
    "main{max-width:984px;margin:0 auto;padding:32px 32px 64px}"
    "h1{font-size:30px;line-height:1.2;margin:0 0 4px}"
    "h2{font-size:21px;margin:44px 0 12px;padding-bottom:6px;border-bottom:1px solid #cbd2d9}"
    "h3{font-size:16px;margin:24px 0 8px}"
    "p,li{max-width:46em}"
    "ul{padding-left:22px}li{margin:6px 0}"
    "a{color:#0b5394}"
    ".sub{color:#616e7c;margin:0 0 20px}"
    ".verdict{border-left:5px solid #2f855a;background:#f1f8f4;padding:12px 16px;margin:16px 0;max-width:none}"
    ".verdict.look{border-color:#c05621;background:#fdf5ef}"
    "figure{margin:20px 0 28px}"
    "figure svg{display:block;max-width:100%;height:auto}"
    "figcaption{color:#3e4c59;font-size:14px;margin-top:8px;max-width:66em}"
    ".data{color:#616e7c}"
    ".wide{overflow-x:auto}"
    "table{border-collapse:collapse;font-size:14px;margin:12px 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:6px 14px 6px 0;text-align:left;vertical-align:top;border-bottom:1px solid #e4e7eb}"
    "thead th{border-bottom:1.5px solid #616e7c;font-weight:600;vertical-align:bottom}"
    "tbody th{font-weight:600;white-space:nowrap}"
    "tr.target td,tr.target th{background:#f5f7fa;font-weight:400}"
    ".n{text-align:right}.n,.k{white-space:nowrap}"
    ".dense td,.dense th{padding-top:2px;padding-bottom:2px}"
    "small{color:#616e7c;font-size:12.5px}"
    "code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;overflow-wrap:anywhere}"
    /* a table of twelve trinarisations takes what room the window has */
    "@media screen and (min-width:1040px){.bleed{margin-inline:calc((100% - min(100vw - 64px,1500px))/2)}"
    ".bleed table{font-size:13px}.bleed small{font-size:11px}.bleed td,.bleed th{padding-right:10px}"
    ".bleed th.n{white-space:normal}}"
    "@page{size:A4;margin:15mm 14mm}"
    "@media print{body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "main{padding:0;max-width:none}a{color:inherit}h1{font-size:20pt}h2{font-size:14pt;margin-top:22pt}"
    "figure svg{max-height:205mm}figcaption,table{font-size:9pt}code{font-size:8pt}"
    "figure,tr,.verdict{break-inside:avoid}h2,h3{break-after:avoid}"
    ".wide{overflow:visible}.dense{font-size:8pt}.bleed .dense{font-size:6pt}.dense td,.dense th{padding-right:5px}"
    ".dense th.n{white-space:normal}.dense small{font-size:5pt}}";

#endif
