"""What Word and Excel put on the clipboard, as they write it."""

WORD = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta name=ProgId content=Word.Document><meta name=Generator content="Microsoft Word 15">
<style><!-- p.MsoNormal {margin:0cm; font-family:等线;} @list l0:level1 {mso-level-text:"%1\\."} --></style>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]--></head>
<body lang=ZH-CN style='tab-interval:21.0pt'><!--StartFragment-->
<h2><span lang=EN-US>借记卡挂失收费<o:p></o:p></span></h2>
<p class=MsoNormal style='text-indent:21.0pt'><span style='font-family:等线;color:red'>请先核验
身份，<b>三项</b>不符时停止办理。</span><span lang=EN-US><o:p></o:p></span></p>
<p class=MsoListParagraph style='margin-left:18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
lang=EN-US style='mso-list:Ignore'>1.<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;
</span></span><![endif]>受理<span lang=EN-US><o:p></o:p></span></p>
<p class=MsoListParagraph style='margin-left:39.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span
lang=EN-US style='mso-list:Ignore'>a)<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>核对证件</p>
<p class=MsoListParagraph style='margin-left:39.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span
lang=EN-US style='mso-list:Ignore'>b)<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>核对手机号</p>
<p class=MsoListParagraph style='margin-left:18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
lang=EN-US style='mso-list:Ignore'>2.<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>登记</p>
<p class=MsoNormal>以下为收费：<span lang=EN-US><o:p></o:p></span></p>
<p class=MsoListParagraph style='margin-left:18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
lang=EN-US style='mso-list:Ignore'>3.<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>收费</p>
<table class=MsoTableGrid border=1 cellspacing=0 cellpadding=0 style='border-collapse:collapse;mso-yfti-tbllook:1184'>
 <tr style='mso-yfti-irow:0'>
  <td width=184 colspan=2 valign=top style='width:138.3pt;border:solid windowtext 1.0pt'><p class=MsoNormal
  align=center style='text-align:center'><b>业务<o:p></o:p></b></p></td>
  <td width=184 rowspan=2 style='border:solid windowtext 1.0pt'><p class=MsoNormal>收费<span lang=EN-US><o:p></o:p></span></p></td>
 </tr>
 <tr><td><p class=MsoNormal>口头挂失</p></td><td><p class=MsoNormal>电话</p><p class=MsoNormal>手机银行</p></td></tr>
 <![if !supportMisalignedRows]><tr height=0><td width=92 style='border:none'></td></tr><![endif]>
</table>
<p class=MsoNormal><span lang=EN-US><o:p>&nbsp;</o:p></span></p>
<!--EndFragment--></body></html>"""

WORD_CLEAN = (
    "<h2>借记卡挂失收费</h2><p>请先核验身份，<strong>三项</strong>不符时停止办理。</p>"
    '<ol><li>受理<ol type="a"><li>核对证件</li><li>核对手机号</li></ol></li><li>登记</li></ol><p>以下为收费：</p>'
    '<ol start="3"><li>收费</li></ol><table><tbody><tr><td colspan="2" style="text-align: center;">'
    '<strong>业务</strong></td><td rowspan="2">收费</td></tr><tr><td>口头挂失</td>'
    "<td><p>电话</p><p>手机银行</p></td></tr></tbody></table>"
)

EXCEL = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta name=ProgId content=Excel.Sheet><style><!-- .xl65 {mso-number-format:"\\#\\,\\#\\#0\\.00";} --></style></head>
<body link="#0563C1"><table border=0 cellpadding=0 cellspacing=0 width=216 style='border-collapse:collapse;width:162pt'>
<!--StartFragment--><col width=72 span=3 style='width:54pt'>
<tr height=19><td colspan=2 height=19 class=xl65 width=144 style='height:14.4pt'>年费</td><td class=xl65>减免</td></tr>
<tr height=19 style='display:none'><td>测算</td><td>3</td><td></td></tr>
<tr height=19><td height=19 rowspan=2 class=xl65>金卡</td><td align=right class=xl66>1,200.00</td><td>满<br>
6 笔</td></tr><tr><td align=right x:num="200">200.00</td><td></td></tr>
<!--EndFragment--></table></body></html>"""

EXCEL_CLEAN = (
    '<table><tbody><tr><td colspan="2">年费</td><td>减免</td></tr><tr><td rowspan="2">金卡</td>'
    '<td style="text-align: right;">1,200.00</td><td>满<br>6 笔</td></tr>'
    '<tr><td style="text-align: right;">200.00</td><td></td></tr></tbody></table>'
)
