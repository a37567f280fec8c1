//! Vietnamese. A star stands for any ending.

use super::Language;

pub(super) const VIETNAMESE: Language = Language {
    lists: &[
        ("ignore", "qua quên lờ phớt"),
        ("earlier", "trước trên gốc"),
        ("before", "trước trên đó"),
        ("instruction", "dẫn lệnh thị tắc prompt"),
        ("your", "bạn mình"),
        ("your_last", "bạn"),
        ("all", "tất mọi các"),
        ("everything", "mọi tất những"),
        ("told", "nói dạy bảo biết"),
        ("reveal_foreign", "xem hiển tiết lặp nói"),
        ("system", "thống mật bộ"),
        ("prompt", "prompt nhắc lệnh dẫn"),
        ("become", "là đóng giả hành vai"),
        ("outlaw", "xấu_xa"),
        ("none", "không chẳng"),
        ("limit", "chế hạn luật lọc duyệt đức"),
        ("assistant", "ai bot trợ robot chatbot"),
        ("bypass", "vượt tắt gỡ vô"),
        ("bypass_foreign", "vượt tắt gỡ vô"),
        ("guard", "lọc chế toàn duyệt hạn"),
        ("discussion", "ví dụ công tấn hổng thuật kỹ phát chèn"),
    ],
};
