//! Czech. A star stands for any ending.

use super::Language;

pub(super) const CZECH: Language = Language {
    lists: &[
        (
            "ignore",
            "ignoruj ignorujte ignorovat zapomeň zapomeňte zapomenout nedbej přehlížej vynech zahoď",
        ),
        ("earlier", "předchoz* dřívějš* výše původn* systémov* uveden* stávajíc*"),
        ("before", "výše dříve předtím předchozí uvedené"),
        ("instruction", "pokyn* instrukc* pravid* příkaz* směrnic* zásad* prompt* omezen*"),
        ("your", "své svůj svoje tvé tvůj vaše svá"),
        ("all", "všechny všechna veškeré každý"),
        ("everything", "vše všechno co"),
        ("told", "řekli řekl řečeno naučili"),
        ("reveal_foreign", "ukaž ukažte odhal zobraz vypiš prozraď řekni napiš zopakuj sděl"),
        ("system", "systémov* skryt* tajn* intern*"),
        ("prompt", "prompt* pokyn* instrukc* zpráv*"),
        ("become", "jsi jste chovej předstírej odpovídej hraj simuluj buď představ staň"),
        ("outlaw", "zlý zlá amorální neomezen* necenzurovan* nefiltrovan*"),
        ("none", "bez žádných žádná"),
        ("limit", "omezen* pravid* limit* filtr* cenzur* etik* morál* hranic*"),
        ("assistant", "ai asistent* model* bot* chatbot* robot* inteligence"),
        ("bypass", "obejdi obejít vypni vypnout ignoruj odstraň deaktivuj zruš"),
        ("bypass_foreign", "obejdi obejít vypni vypnout ignoruj odstraň deaktivuj zruš"),
        ("guard", "filtr* omezen* bezpečnost* ochran* moderac* zábran*"),
        (
            "discussion",
            "příklad* útok* útočník* fráz* technik* zranitelnost* injection* detek* výzkumn* škodliv* \
             rizik*",
        ),
    ],
};
