"""The shipped sample attachments: every one is readable and says what its articles say."""

import pytest

from indexer.extract.formats import SUPPORTED_SUFFIXES, suffix_of

EXPECTED = {
    "debit-fees.xlsx": "借记卡补卡工本费 | 因遗失、损坏、到期前更换申请补发借记卡 | 10元/张",
    "card-fees.xlsx": "白金卡 | 1200",
    "corporate-fees.xls": "对公账户管理费 | 30元/月",
    "deposit-rates.xlsx": "大额存单20万元起存",
    "rates-history.xlsx": "2024-07-25 | 0.15%",
    "loss-form.docx": "正式挂失手续费10元/笔",
    "loan-guide.docx": "江易贷（个人消费信用贷） | 日常消费",
    "account-opening.docx": "对公账户管理费30元/月",
    "old-procedure.doc": "借记卡补卡工本费 | 15元/张 | 现行标准已下调为10元/张",
    "mobile-training.pptx": "加人脸识别 | 100万元 | 100万元 | 免费",
    "card-benefits.pptx": "取现手续费 | 1%，最低10元",
    "anti-fraud.pptx": "卡片遗失立即口头挂失，有效期5天",
    "remit-guide.pdf": "跨境电汇手续费 汇款金额的0.1% 50元/笔 1000元/笔",
    "lc-guide.pdf": "审单与付款",
    "aml-notice.pdf": "受益所有人识别",
    "complaint-flow.pdf": "客户投诉处理流程",
    "outage-script.txt": "我行不计收违约金",
    "branch-list.csv": "0107 | 临港支行 | 远江市",
    "consumer-rights.html": "R1（低风险） | 净值波动很小 | 谨慎型及以上",
}


@pytest.mark.parametrize(("name", "sentence"), EXPECTED.items())
def test_a_sample_attachment_is_found_by_its_text(extractor, samples, text_of, name, sentence):
    result = extractor.extract(name, (samples / name).read_bytes())
    assert (result.status, result.note) == ("ok", "")
    assert sentence in text_of(result)


def test_every_sample_attachment_is_small_and_of_a_supported_kind(samples):
    files = sorted(samples.iterdir())
    assert {path.name for path in files} == set(EXPECTED)
    assert {suffix_of(path.name) for path in files} <= SUPPORTED_SUFFIXES
    assert max(path.stat().st_size for path in files) < 200_000
