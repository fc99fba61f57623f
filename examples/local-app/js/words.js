// What the app says, in Chinese and English.
const WORDS = {
  zh: {
    title: '附近零工', other: 'English', search_label: '找什么活', search: '搜索', category: '工种', all: '全部工种', none: '其他',
    near_me: '按离我远近排', more: '更多', my_tickets: '我的报名', back: '返回列表', phone: '手机号',
    phone_hint: '只用来报名。手机里不保存号码。', sign_up: '报名', sending: '正在报名……', jobs: (n) => `${n} 个岗位`,
    looking: '正在找最近的站点……', no_node: '现在连不上任何站点。请稍后再试。',
    at: (name, far, ms) => `站点：${name}${far ? `，${far}` : ''}，${ms} 毫秒`,
    cut: '这个站点暂时断线，只用自己手里的名额。', moved: '前一个站点没有回应，已换站点。', note: '说明',
    synthetic: '演示数据：班次、工资和名额由程序生成。', redated: '几年前的真实招工，日期是后加的。',
    seats: (here, free, cap) => (here > 0 ? `这里可当场确认 ${here} 个名额` : free > 0 ? `共 ${cap} 个名额，剩 ${free} 个` : `${cap} 个名额已满，可排队`),
    when: '时间', where: '地点', pay: '工资', places: '名额', per: { hour: '小时', day: '天', shift: '班', year: '年' },
    confirmed: '已确认', confirmed_text: '名额是您的。到场时出示这六位数字。',
    provisional: '站点与中心联系后最终生效。',
    wait_listed: (n) => (n ? `排队第 ${n} 位` : '已排队'), wait_here: '这个名次只算本站点的人。', wait_text: '有空位时按顺序确认。',
    requested: '已提出，等待答复', requested_text: '还不是名额。请过一会儿再看。',
    cancelled: '已取消', bumped: '名额已被收回', bumped_text: '原因：',
    reasons: { closed: '岗位已关闭', cap_lowered: '名额减少', duplicate: '同一时间已有另一个报名', voided: '站点丢失，名额收回', worker: '本人取消' },
    already: '这个号码已经报过这个岗位。', unanswered: '有一次报名还没有答复',
    unanswered_text: (title) => `“${title}”。再输入一次号码就能拿到答复，不会重复报名。`, continue: '继续',
    no_answer: '还没有答复', no_answer_text: '站点都没有回应。您的报名没有丢：再按一次，不会重复。', refused: '没有报上',
    digits: '六位数字', none_found: '没有找到。',
  },
  en: {
    title: 'Day jobs near by', other: '中文', search_label: 'What work', search: 'Search', category: 'Kind of work', all: 'All kinds', none: 'Other',
    near_me: 'Nearest to me first', more: 'More', my_tickets: 'My sign-ups', back: 'Back to the list', phone: 'Phone number',
    phone_hint: 'Only for signing up. It is not kept on this phone.', sign_up: 'Sign up', sending: 'Signing up…', jobs: (n) => `${n} jobs`,
    looking: 'Looking for the nearest node…', no_node: 'No node can be reached at the moment. Try again later.',
    at: (name, far, ms) => `Node: ${name}${far ? `, ${far}` : ''}, ${ms} ms`,
    cut: 'This node is cut off and gives only the seats that it holds.', moved: 'The node before did not answer.', note: 'Note',
    synthetic: 'Demo data: shift, pay and seats were made by a program.', redated: 'A real post of years ago with made-up dates.',
    seats: (here, free, cap) => (here > 0 ? `${here} seats can be confirmed on the spot` : free > 0 ? `${free} of ${cap} seats left` : `${cap} seats taken, you can queue`),
    when: 'When', where: 'Where', pay: 'Pay', places: 'Seats', per: { hour: 'hour', day: 'day', shift: 'shift', year: 'year' },
    confirmed: 'Confirmed', confirmed_text: 'The seat is yours. Show these six digits when you arrive.',
    provisional: 'Final once the node has spoken to the hub.',
    wait_listed: (n) => (n ? `Wait-listed: number ${n}` : 'Wait-listed'), wait_here: 'The number counts people of this node only.', wait_text: 'Seats that come free go by this order.',
    requested: 'Requested, no answer yet', requested_text: 'This is not a seat. Look again in a while.',
    cancelled: 'Cancelled', bumped: 'The seat was taken back', bumped_text: 'Why: ',
    reasons: { closed: 'the job was closed', cap_lowered: 'there are fewer seats', duplicate: 'another sign-up at that time', voided: 'its node was lost', worker: 'you gave it back' },
    already: 'This number has signed up for this job already.', unanswered: 'One sign-up has no answer yet',
    unanswered_text: (title) => `“${title}”. Type the number again to get the answer; nothing is signed up twice.`, continue: 'Go on',
    no_answer: 'No answer yet', no_answer_text: 'No node answered. Your sign-up is not lost: press again, nothing is signed up twice.', refused: 'Not signed up',
    digits: 'Six digits', none_found: 'Nothing found.',
  },
};

const KEPT = 'dayshift.lang';
let lang = localStorage.getItem(KEPT) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');

export function words() {
  return WORDS[lang];
}

export function language() {
  return lang;
}

export function otherLanguage() {
  lang = lang === 'zh' ? 'en' : 'zh';
  localStorage.setItem(KEPT, lang);
}

export function money(job) {
  const format = new Intl.NumberFormat(lang, { style: 'currency', currency: job.currency || 'CNY' });
  const amount = job.pay_minor / 10 ** format.resolvedOptions().maximumFractionDigits;
  return `${format.format(amount)} / ${words().per[job.pay_unit] ?? job.pay_unit}`;
}

export function time(job, timeZone) {
  const day = new Intl.DateTimeFormat(lang, { timeZone, month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return day.formatRange(new Date(job.start_at), new Date(job.end_at));
}

export function distance(metres) {
  if (metres == null) return '';
  const kilometres = new Intl.NumberFormat(lang, { style: 'unit', unit: 'kilometer', maximumFractionDigits: 1 });
  return kilometres.format(metres / 1000);
}
