//! Turkish. A star stands for any ending.

use super::Language;

pub(super) const TURKISH: Language = Language {
    lists: &[
        ("ignore", "yoksay boşver unut unutun görmezden gözardı yok bırak reddet"),
        ("ignore_last", "yoksay yok unut unutun görmezden gözardı sayın say bırak reddet dikkate"),
        ("earlier", "önceki yukarıdaki eski ilk sistem mevcut orijinal başlangıçtaki"),
        ("before", "önceki yukarıdaki verilen önce"),
        (
            "instruction",
            "talimat* kural* yönerge* komut* emir* direktif* prompt* istem* kısıtlama*",
        ),
        ("your", "senin sizin kendi"),
        ("all", "tüm bütün her hepsini"),
        ("everything", "herşeyi her şeyi"),
        ("told", "söylenen söylediğim öğretilen verilen anlatılan"),
        ("reveal_foreign", "göster* açıkla* yazdır* söyle* tekrarla* paylaş* ver ifşa"),
        ("reveal_last", "göster* açıkla* yazdır* söyle* yaz tekrarla* paylaş* ver ifşa"),
        ("system", "sistem* gizli iç"),
        ("prompt", "prompt* istem* talimat* mesaj*"),
        ("become", "sen artık gibi davran* ol rolünü simüle hayal"),
        ("outlaw", "kötü sınırsız sansürsüz ahlaksız filtresiz kısıtlamasız"),
        ("none", "olmayan hiçbir yok olmadan"),
        ("limit", "kısıtlama* sınır* kural* filtre* sansür* etik ahlak*"),
        ("assistant", "yapay zeka* asistan* model* bot* robot*"),
        ("bypass", "atla* devre aş* kapat* kaldır* yoksay"),
        ("bypass_foreign", "atla* devre aş* kapat* kaldır* yoksay"),
        ("bypass_last", "atla* devre aş* kapat* kaldır* yoksay etkisiz"),
        ("guard", "filtre* kısıtlama* güvenlik* koruma* sınır* moderasyon politika*"),
        (
            "discussion",
            "örne* saldırı* saldırgan* ifade* teknik* güvenlik açı* enjeksiyon* tespit* araştırmacı* \
             kötü risk*",
        ),
    ],
};
