//! Indonesian. A star stands for any ending.

use super::Language;

pub(super) const INDONESIAN: Language = Language {
    lists: &[
        ("ignore", "abaikan mengabaikan lupakan lupakanlah abaikanlah hiraukan"),
        ("earlier", "sebelumnya atas awal sistem asli terdahulu"),
        ("before", "sebelumnya atas tadi diberikan awal"),
        ("instruction", "instruksi perintah aturan petunjuk pedoman arahan panduan prompt batasan"),
        ("your", "anda kamu mu"),
        ("your_last", "anda kamu mu"),
        ("all", "semua segala seluruh"),
        ("everything", "semua segala apa"),
        ("told", "dikatakan diajarkan diberitahukan katakan"),
        (
            "reveal_foreign",
            "tampilkan tunjukkan ungkapkan perlihatkan beritahu cetak ulangi tuliskan bocorkan \
             sebutkan",
        ),
        ("system", "sistem rahasia tersembunyi internal awal"),
        ("prompt", "prompt instruksi perintah pesan"),
        (
            "become",
            "kamu anda berpura bertindak jadilah bertindaklah menjadi berperan simulasikan adalah",
        ),
        ("outlaw", "jahat amoral bebas"),
        ("none", "tanpa tidak bebas"),
        ("limit", "batasan aturan pembatasan filter sensor etika moral batas larangan"),
        ("assistant", "ai asisten model bot robot chatbot"),
        ("bypass", "nonaktifkan matikan lewati hindari hapus abaikan terobos"),
        ("bypass_foreign", "nonaktifkan matikan lewati hindari hapus abaikan terobos"),
        ("guard", "filter batasan keamanan pembatasan perlindungan moderasi kebijakan"),
        (
            "discussion",
            "contoh serangan penyerang frasa teknik kerentanan injeksi deteksi mendeteksi peneliti \
             berbahaya risiko",
        ),
    ],
};
