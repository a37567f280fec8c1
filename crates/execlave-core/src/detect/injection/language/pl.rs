//! Polish. A star stands for any ending.

use super::Language;

pub(super) const POLISH: Language = Language {
    lists: &[
        (
            "ignore",
            "ignoruj zignoruj zignorować ignorować zapomnij zapomnieć pomiń pomijaj pominąć odrzuć \
             zlekceważ porzuć",
        ),
        (
            "earlier",
            "poprzedni* wcześniejsz* powyższ* dotychczasow* początkow* pierwotn* oryginaln* systemow*",
        ),
        ("before", "powyżej wcześniej wyżej poprzednio dotychczas otrzymał* systemowe"),
        (
            "instruction",
            "instrukcj* zasad* regul* reguł* polecen* wytyczn* dyrektyw* rozkaz* prompt* ogranicze* \
             wskazów*",
        ),
        ("your", "swoje swój swoją swoich twoje twój twoich"),
        ("all", "wszystkie wszystkich wszelkie każde"),
        ("everything", "wszystko wszystkim co"),
        ("told", "powiedziano powiedział* nauczon* przekazano kazano powiedzieli"),
        (
            "reveal_foreign",
            "pokaż wyświetl ujawnij zdradź podaj wypisz powtórz wydrukuj napisz powiedz udostępnij",
        ),
        ("system", "systemow* ukryt* tajn* systemu wewnętrzn*"),
        ("prompt", "prompt* instrukcj* komunikat wiadomość polecenie"),
        (
            "become",
            "jesteś bądź zachowuj działaj udawaj odpowiadaj wciel symuluj wyobraź graj stań",
        ),
        ("outlaw", "złym zły amoraln* nieograniczon* nieocenzurowan*"),
        ("none", "bez żadnych żadnego brak wolny"),
        ("limit", "ogranicze* zasad reguł limit* filtr* cenzur* etyki moralno* hamulców"),
        ("assistant", "ai si asystent* model* bot* chatbot* robot* inteligencj*"),
        ("bypass", "obejdź omiń ominąć wyłącz wyłączyć zignoruj usuń dezaktywuj obchodź"),
        ("bypass_foreign", "obejdź omiń ominąć wyłącz wyłączyć zignoruj usuń dezaktywuj obchodź"),
        ("guard", "filtr* ogranicze* zabezpiecze* bezpieczeństw* ochron* moderacj* polityk*"),
        (
            "discussion",
            "przykład* atak* atakując* fraz* technik* podatno* wstrzyk* injection wykry* badacz* \
             złośliw* ryzyk*",
        ),
    ],
};
