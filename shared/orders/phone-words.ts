/** Words that mean a phone and little else: five digits behind one are a number. A dash stands for a space, too. */
export const PHONE_WORDS: readonly string[] = // English and much of Europe
  (
    'tel tels tele telephone phone phones phonenumber telno fax telefax ' +
    // German, Dutch, Danish, Norwegian, Swedish, Finnish
    'telefon telefonnummer telefonnr telnr fon rufnummer mobiltelefon mobilnummer mobilnr handynummer handynr ' +
    'mobieltje telefoon telefoonnummer tlf tlfnr mobiltelefon puh puhelin puhelinnumero matkapuhelin ' +
    // French, Spanish, Portuguese, Italian, Romanian
    'téléphone teléfono tfno tfn tlfno telefone telemóvel tlm telefono cellulare telefonul ' +
    // Polish, Czech, Slovak, Hungarian, Turkish, Indonesian, Vietnamese
    'telefonu telefonszám telefonní telp telpon telepon notelp sđt điện-thoại ' +
    // Cyrillic and Greek
    'тел телефон телефона моб мобильный τηλ τηλέφωνο κιν κινητό ' +
    // Chinese, Japanese, Korean, Thai
    '電話 電話番号 電話號碼 携帯 携帯電話 携帯番号 电话 电话号码 手机 手机号 手机号码 手機 手機號碼 联系电话 전화 전화번호 휴대폰 휴대전화 연락처 โทร โทรศัพท์ เบอร์โทร ' +
    // Arabic, Persian, Urdu, Hebrew
    'هاتف الهاتف جوال موبايل تليفون تلفن موبایل فون טלפון נייד ' +
    // Languages of India
    'फ़ोन फोन मोबाइल दूरभाष ফোন মোবাইল ফোন தொலைபேசி ఫోన్'
  ).split(' ');

/**
 * Words that also mean other things (a town, a block of cells, a petrol station): it takes seven digits. `cep`, Turkish
 * for a mobile, is not among them, as it stands before the postal code in Brazil.
 */
export const VAGUE_PHONE_WORDS: readonly string[] = (
  'mobile mob mobil mobiel móvil mov cell cellphone cel celular handy portable port gsm whatsapp ph call ' +
  'contact contacts kontakt kontakttelefon sms viber telegram signal kom komórka durchwahl dw đt sdt טל'
).split(' ');
